"""Changes of Istio's releases that Envoy's configuration does not show, where these manifests meet them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unstale.envoy.inputs import Configuration
from unstale.istio.service_entry import Resolution, ServiceEntry
from unstale.istio.virtual_service import VirtualService
from unstale.model.origin import Origin

_ALLOCATION = 25
_ENVOY_139 = 31
_NO_ALLOCATION = "networking.istio.io/enable-autoallocate-ip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`since` is the minor number of the release; `origins` are the manifests that meet it."""

    since: int
    words: str
    origins: tuple[Origin, ...]


def notes(configuration: Configuration, older: int, newer: int) -> Iterator[Note]:
    """Those between the two releases, by their minor numbers."""
    manifests = configuration.manifests
    found = (
        Note(
            since=_ALLOCATION,
            words=(
                "a controller gives these hosts addresses of their own (240.240.0.0/16); pods whose look-ups Istio "
                "answers call those from then on"
            ),
            origins=tuple(entry.origin for entry in manifests.service_entries if _gets_addresses(entry)),
        ),
        Note(
            since=_ENVOY_139,
            words=(
                "Envoy is probably 1.39 or newer: with DNS_ROUND_ROBIN, connections move to a new address as soon as "
                "the name has one (up to 1.38 an old connection was kept)"
            ),
            origins=tuple(
                entry.origin for entry in manifests.service_entries if entry.resolution is Resolution.DNS_ROUND_ROBIN
            ),
        ),
        Note(
            since=_ENVOY_139,
            words=(
                "Envoy is probably 1.39 or newer: of several headers of one name any may match (up to 1.38 they were "
                "matched as one text joined by commas)"
            ),
            origins=tuple(service.origin for service in manifests.virtual_services if _matches_headers(service)),
        ),
    )
    yield from (note for note in found if note.origins and older < note.since <= newer)


def _gets_addresses(entry: ServiceEntry) -> bool:
    has_name = any("*" not in host for host in entry.hosts)
    is_wanted = entry.metadata.labels.get(_NO_ALLOCATION, "").lower() != "false"
    return has_name and is_wanted and not entry.addresses and entry.resolution not in (None, Resolution.NONE)


def _matches_headers(service: VirtualService) -> bool:
    return any(match.headers or match.without_headers for rule in service.http for match in rule.match)
