"""What should be in force in Envoy: encoded resources by type, each with a version made from its content.

A version that is a hash survives a restart of the server: Envoy says at its return which versions it holds, and only
what really differs is sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"

NOUNS: Mapping[str, str] = MappingProxyType(
    {CLUSTER: "cluster", ENDPOINT: "endpoints", LISTENER: "listener", ROUTE: "route"}
)
"""What a person calls a resource of each type."""

NEEDED_BY: Mapping[str, str] = MappingProxyType({ENDPOINT: CLUSTER, ROUTE: LISTENER})
"""Envoy asks for a resource of the first type, by name, because it holds one of the second that refers to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One encoded resource.

    `needs` are the names that Envoy will ask for because of it: the endpoints of an EDS cluster, the routes of a
    listener. `address` is where a listener listens, which no two may share.
    """

    name: str
    version: str
    body: bytes = field(repr=False)
    needs: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All resources that should be in force, by type and name."""

    entries: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)

    def of(self, type_url: str) -> Mapping[str, Entry]:
        return self.entries.get(type_url, {})

    def needed(self, type_url: str) -> frozenset[str]:
        """The names of this type that Envoy must ask for before the snapshot is in force."""
        by = NEEDED_BY.get(type_url)
        return frozenset(name for entry in self.of(by).values() for name in entry.needs) if by else frozenset()


def version_of(body: bytes) -> str:
    """The version of a resource's content."""
    return hashlib.sha256(body).hexdigest()[:16]
