"""Each fault does to the world what it says, and tells."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

from unstale.lab.behaviour import Behaviour
from unstale.lab.children import Channel, Role
from unstale.lab.dns.authority import Authority
from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.nodes_hang_up import HANGS_UP, NodesHangUp
from unstale.lab.faults.server_misbehaves import ServerMisbehaves
from unstale.lab.faults.ttl_changes import TtlChanges
from unstale.lab.running import RunningWorld
from unstale.lab.scenario import Fault
from unstale.lab.world import NEW_NODES, OLD_NODES, World

HOST = "api.example.com"


class _Recorded(RunningWorld):
    """A world whose nodes only note how they were told to behave."""

    def __init__(self, told: list[tuple[tuple[str, ...], Behaviour]]) -> None:
        mine, other = socket.socketpair()
        other.close()
        super().__init__(
            world=World(hosts=(HOST,), ports=(80,), ttl_s=1),
            authority=Authority([HOST], OLD_NODES, ttl_s=1),
            nodes=Role("server", 0, Channel(mine)),
            host=HOST,
            on_event=lambda words: None,
        )
        self.told = told

    async def behave(self, addresses: Iterable[str], behaviour: Behaviour) -> None:
        self.told.append((tuple(addresses), behaviour))


def _struck(fault: Fault) -> tuple[_Recorded, list[str]]:
    world = _Recorded([])
    asyncio.run(fault.strike(world))
    world.nodes.channel.close()
    return world, [f"{event.actor}: {event.what}" for event in world.events]


def test_dns_moves_to_new_addresses() -> None:
    world, told = _struck(DnsMoves())
    assert world.authority.addresses == NEW_NODES
    assert told == ["dns: moved to 203.0.113.20, 203.0.113.21"]


def test_the_time_to_live_changes() -> None:
    world, told = _struck(TtlChanges(to_s=30))
    assert world.authority.ttl_s == 30
    assert told == ["dns: time to live is 30 s"]


def test_only_the_old_nodes_hang_up() -> None:
    world, told = _struck(NodesHangUp())
    assert world.told == [(OLD_NODES, HANGS_UP)]
    assert told == ["load balancer: 203.0.113.10, 203.0.113.11 hang up"]


def test_a_misbehaving_server_misbehaves_everywhere() -> None:
    cuts = Behaviour(answers=None)
    world, told = _struck(ServerMisbehaves(cuts, "cuts"))
    assert world.told == [((*OLD_NODES, *NEW_NODES), cuts)]
    assert told == ["server: cuts"]
