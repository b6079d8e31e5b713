"""What a cell's world is made of: addresses, names, nodes and what stands on the way, as plain data.

`namespaces` builds it; `running` is what it becomes. The addresses are the documentation ranges of RFC 5737, so that a
packet that escaped could never reach anyone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

POD_ADDRESS = "10.0.0.10"
POD_GATEWAY = "10.0.0.1"
OTHER_RESOLVER = "10.0.0.2"
"""The resolver that only the sidecar asks, where a world has one; the firewall learns nothing from it."""
FIREWALL_OUTSIDE = "192.0.2.1"
INTERNET_GATEWAY = "192.0.2.2"
AUTHORITY_ADDRESS = "192.0.2.53"

MOST_ADDRESSES = 64


def old_nodes(count: int) -> tuple[str, ...]:
    """The addresses that DNS names at first."""
    return tuple(f"203.0.113.{10 + number}" for number in range(count))


def new_nodes(count: int) -> tuple[str, ...]:
    """The addresses that DNS moves to."""
    first = 20 if count <= 10 else 80
    return tuple(f"203.0.113.{first + number}" for number in range(count))


OLD_NODES = old_nodes(2)
NEW_NODES = new_nodes(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """A firewall that lets through only addresses it learnt from DNS answers, and forgets each after `lease_s`.

    `rejects` answers a packet to a forgotten address with a TCP reset, otherwise it is dropped without a word.
    `renews` starts the lease again at every answer; otherwise it runs from the first one to its end. `hears_sidecar`
    says whether the sidecar's look-ups pass the firewall's resolver; otherwise they take another way.
    """

    lease_s: float
    rejects: bool
    renews: bool = False
    hears_sidecar: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """Address translation that forgets a connection after `idle_s` whole seconds without a packet, and says nothing."""

    idle_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How every node treats its connections: seconds without a request, and seconds of life, before it closes one.

    It closes between two requests as it sees them, without having announced it.
    """

    idle_s: float | None = None
    max_age_s: float | None = None


class Tls(StrEnum):
    """Who encrypts: nobody, the application (the sidecar passes bytes), or the sidecar."""

    NONE = "none"
    PASSTHROUGH = "passthrough"
    ORIGINATED = "originated"


class Http(StrEnum):
    """What the application and the nodes speak."""

    HTTP1 = "http/1.1"
    HTTP2 = "h2"
    GRPC = "grpc"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The world of one cell. `hosts` all resolve to `addresses`; `ports` are the ports that every node listens on.

    `spare_addresses` are nodes that DNS does not name at first: the ones it moves to, and those that manifests name.
    `silent` ones get packets and never answer; at `closed` ones nobody listens, so that every connection is refused
    until somebody joins. `distance_ms` is the time a packet needs each way between the firewall
    and the nodes.
    """

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    ttl_s: int
    addresses: tuple[str, ...] = OLD_NODES
    spare_addresses: tuple[str, ...] = NEW_NODES
    silent: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    firewall: Firewall | None = None
    nat: Nat | None = None
    server: Server = field(default_factory=Server)
    distance_ms: float = 0.0
    tls: Tls = Tls.NONE
    http: Http = Http.HTTP1
