"""What a cell's world is made of: addresses, names, nodes and the firewall, as plain data.

`namespaces` builds it; `running` is what it becomes. The addresses are the documentation ranges of RFC 5737, so that a
packet that escaped could never reach anyone.
"""

from __future__ import annotations

from dataclasses import dataclass

POD_ADDRESS = "10.0.0.10"
POD_GATEWAY = "10.0.0.1"
FIREWALL_OUTSIDE = "192.0.2.1"
INTERNET_GATEWAY = "192.0.2.2"
AUTHORITY_ADDRESS = "192.0.2.53"

OLD_NODES = ("203.0.113.10", "203.0.113.11")
NEW_NODES = ("203.0.113.20", "203.0.113.21")


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """A firewall that lets through only addresses it learnt from DNS answers, and forgets each after `lease_s`.

    `rejects` answers a packet to a forgotten address with a TCP reset, otherwise it is dropped without a word.
    `renews` starts the lease again at every answer; otherwise it runs from the first one to its end.
    """

    lease_s: float
    rejects: bool
    renews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The world of one cell. `hosts` all resolve to `addresses`; `ports` are the ports that every node listens on.

    `spare_addresses` are nodes that DNS does not name at first: the ones it moves to, and those that manifests name.
    """

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    ttl_s: int
    addresses: tuple[str, ...] = OLD_NODES
    spare_addresses: tuple[str, ...] = NEW_NODES
    firewall: Firewall | None = None
