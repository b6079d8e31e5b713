"""VIRTUAL_HOST patches; what is added goes behind the catch-all and gets no HTTP_ROUTE patches (EF-9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.http_route import patch_routes
from unstale.envoy.envoy_filter.memory import Remembered
from unstale.envoy.envoy_filter.patch import MERGES, Applied, Match, Operation, Patch, PatchIndex
from unstale.envoy.resource import Json, Origins

_TYPE = api.message_type(api.VIRTUAL_HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPatches:
    """Those that change virtual hosts and their routes, by the host they name, and those that add hosts.

    The added ones are by the name or the port of the configuration.
    """

    changing: PatchIndex
    routes: PatchIndex
    added: PatchIndex

    @classmethod
    def of(cls, hosts: Sequence[Patch], routes: Sequence[Patch]) -> HostPatches:
        """From all patches of the two kinds."""
        return cls(
            changing=PatchIndex.of((one for one in hosts if one.operation is not Operation.ADD), _key),
            routes=PatchIndex.of(routes, _key),
            added=PatchIndex.of((one for one in hosts if one.operation is Operation.ADD), configuration_key),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchedHosts:
    """The virtual hosts, and by name the patches that acted on each."""

    values: list[Json]
    origins: Mapping[str, Origins]


def patch_virtual_hosts(
    name: str, hosts: Sequence[Json], patches: HostPatches, applied: Applied, memory: Remembered[Json]
) -> PatchedHosts:
    """All virtual hosts of the configuration of that name."""
    outer = applied.taken()
    values: list[Json] = []
    removed: set[str] = set()
    origins: dict[str, Origins] = {}
    outcomes = memory.patch(hosts, lambda host, own: _patched(name, host, patches, own), applied)
    outer += applied.taken()
    for host, outcome in zip(hosts, outcomes, strict=True):
        if outcome.value is None:
            removed.add(host.get("name", ""))
            continue
        values.append(outcome.value)
        if outcome.origins:
            origins[outcome.value.get("name", "")] = outcome.origins
    for patch in patches.added.all(configuration_keys(name)):
        if is_for_configuration(name, patch.match):
            outer += (patch.origin,)
            origins[patch.value.get("name", "")] = (patch.origin,)
            values.append(patch.added)
    applied.origins.extend(outer)
    return PatchedHosts(values=[one for one in values if one.get("name", "") not in removed], origins=origins)


def configuration_key(match: Match) -> str:
    """How the patches for one configuration are found."""
    return f"name {match.name}" if match.name else f"port {match.port}" if match.port else ""


def configuration_keys(name: str) -> tuple[str, str]:
    """By its name, and by the port that it is named for."""
    return (f"name {name}", f"port {_port(name)}")


def is_for_configuration(name: str, match: Match) -> bool:
    """A configuration for one host and port has a name that is no port, so a port never matches it."""
    return match.name in ("", name) and match.port in (0, _port(name))


def _port(name: str) -> int:
    return int(name) if name.isascii() and name.isdigit() else 0


def _patched(name: str, host: Json, patches: HostPatches, applied: Applied) -> Json | None:
    """None if a patch removes it."""
    assert _TYPE is not None
    rank = -1
    while (patch := patches.changing.after(rank, _keys(host))) is not None:
        rank = patch.rank
        if not _is_for(name, host, patch.match):
            continue
        applied.by(patch)
        if patch.operation is Operation.REMOVE:
            return None
        if patch.operation is Operation.REPLACE:
            host = patch.added
        elif patch.operation in MERGES:
            host = patch.merge_into(host, _TYPE)
    routes = [patch for patch in patches.routes.all(_keys(host)) if _is_for(name, host, patch.match)]
    return patch_routes(host, routes, applied) if routes else host


def _key(match: Match) -> str:
    return f"name {match.virtual_host}" if match.virtual_host else match.domain and f"domain {match.domain}"


def _keys(host: Json) -> list[str]:
    return [f"name {host.get('name', '')}", *(f"domain {domain}" for domain in host.get("domains", ()))]


def _is_for(name: str, host: Json, match: Match) -> bool:
    return (
        is_for_configuration(name, match)
        and match.virtual_host in ("", host.get("name", ""))
        and (not match.domain or match.domain in host.get("domains", ()))
    )
