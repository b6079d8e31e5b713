"""Configuration in pieces that belong to one host each: clusters, virtual hosts, filter chains.

A listener and a route configuration serve many hosts, and a change of one host's part is no change for the others.
What is left of them when the parts are taken out belongs to no host.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from unstale.envoy.filter_chain import parts_named_in
from unstale.envoy.resource import Json, Origins, Resource, Resources

ALL_HOSTS = ""
_DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`kind` is in words; `inside` is the listener or route configuration of a part."""

    kind: str
    name: str
    host: str
    value: Json
    inside: str = ""
    origins: Origins = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """The same in both configurations."""
        return self.kind, self.inside, self.name

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.kind} {self.name}" + (f" of {self.inside}" if self.inside else "")


Pieces = dict[tuple[str, str, str], Piece]


def pieces_of(resources: Resources) -> Pieces:
    """All pieces by key."""
    return {piece.key: piece for piece in _pieces(resources)}


def host_of_cluster(name: str) -> str:
    """`outbound|80|v1|api.example.com` is of that host; Istio's own clusters are of none."""
    return name.rpartition("|")[2] if name.startswith("outbound|") else ALL_HOSTS


def _pieces(resources: Resources) -> Iterator[Piece]:
    for listener in resources.listeners:
        yield from _listener(listener)
    for configuration in resources.routes:
        yield from _route_configuration(configuration)
    for kind, some in (("cluster", resources.clusters), ("endpoints", resources.endpoints)):
        for one in some:
            yield Piece(
                kind=kind, name=one.name, host=host_of_cluster(one.name), value=one.value, origins=tuple(one.origins)
            )


def _listener(listener: Resource) -> Iterator[Piece]:
    value = dict(listener.value)
    chains = [(_match_text(chain), chain) for chain in value.pop("filter_chains", ())]
    default = value.pop("default_filter_chain", None)
    if default is not None:
        chains.append((_DEFAULT, default))
    yield Piece(kind="listener", name=listener.name, host=ALL_HOSTS, value=value, origins=tuple(listener.origins))
    for name, chain in chains:
        clusters = [cluster for one in chain.get("filters", ()) for cluster in _clusters(one.get("typed_config", {}))]
        parts = [listener.parts[part] for part in parts_named_in(chain) if part in listener.parts]
        yield Piece(
            kind="filter chain",
            name=name,
            inside=listener.name,
            host=host_of_cluster(clusters[0]) if clusters else ALL_HOSTS,
            value=chain,
            origins=tuple(dict.fromkeys(origin for part in parts for origin in part)),
        )


def _route_configuration(configuration: Resource) -> Iterator[Piece]:
    value = dict(configuration.value)
    virtual_hosts = value.pop("virtual_hosts", ())
    yield Piece(
        kind="route configuration",
        name=configuration.name,
        host=ALL_HOSTS,
        value=value,
        origins=tuple(configuration.origins),
    )
    for virtual_host in virtual_hosts:
        name = virtual_host.get("name", "")
        host, colon, _ = name.rpartition(":")
        yield Piece(
            kind="virtual host",
            name=name,
            inside=configuration.name,
            host=host if colon else ALL_HOSTS,
            value=virtual_host,
            origins=configuration.parts.get(name, ()),
        )


def _clusters(config: Json) -> Iterator[str]:
    if "cluster" in config:
        yield config["cluster"]
    for weighted in config.get("weighted_clusters", {}).get("clusters", ()):
        yield weighted["name"]


def _match_text(chain: Json) -> str:
    """What tells the chains of a listener apart."""
    match = {
        name: sorted(value, key=json.dumps) if isinstance(value, list) else value
        for name, value in chain.get("filter_chain_match", {}).items()
    }
    if not match:
        return chain.get("name") or "for everything"
    return ", ".join(f"{name} {json.dumps(match[name], sort_keys=True)}" for name in sorted(match))
