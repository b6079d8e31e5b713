"""Each fault does to the world what it says, and tells."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from pathlib import Path

from unstale.lab.behaviour import STALLS, Behaviour
from unstale.lab.children import Channel, Role
from unstale.lab.dns.authority import Authority, Failing
from unstale.lab.faults import dns_fails
from unstale.lab.faults.addresses_reused import STRANGER, AddressesReused
from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.faults.node_stalls import NodeStalls
from unstale.lab.faults.nodes_hang_up import HANGS_UP, NodesHangUp
from unstale.lab.faults.nodes_leave import NodesLeave
from unstale.lab.faults.nodes_roll import NodesRoll
from unstale.lab.faults.nodes_vanish import NodesVanish
from unstale.lab.faults.server_misbehaves import ServerMisbehaves
from unstale.lab.faults.ttl_changes import TtlChanges
from unstale.lab.running import RunningWorld
from unstale.lab.scenario import Fault, Timing
from unstale.lab.silence import Silence
from unstale.lab.world import NEW_NODES, OLD_NODES, World

HOST = "api.example.com"


class _Silence(Silence):
    """Only notes who fell silent."""

    def __init__(self, told: list[tuple[object, ...]]) -> None:
        super().__init__(Path("nowhere"))
        self._told = told

    async def fall(self, addresses: Iterable[str]) -> None:
        self._told.append(("silent", *addresses))


class _Recorded(RunningWorld):
    """A world whose nodes only note how they were told to behave."""

    def __init__(self, told: list[tuple[object, ...]]) -> None:
        mine, other = socket.socketpair()
        other.close()
        super().__init__(
            world=World(hosts=(HOST,), ports=(80,), ttl_s=1),
            authority=Authority([HOST], OLD_NODES, ttl_s=1),
            nodes=Role("server", 0, Channel(mine)),
            silence=_Silence(told),
            host=HOST,
            on_event=lambda words: None,
        )
        self.told = told

    async def behave(self, addresses: Iterable[str], behaviour: Behaviour) -> None:
        self.told.append((tuple(addresses), behaviour))

    async def leave(self, addresses: Iterable[str]) -> None:
        self.told.append(("leave", *addresses))

    async def join(self, addresses: Iterable[str]) -> None:
        self.told.append(("join", *addresses))

    async def estrange(self, addresses: Iterable[str]) -> None:
        self.told.append(("estrange", *addresses))


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


def test_old_nodes_leave_with_a_fin() -> None:
    world, told = _struck(NodesLeave())
    assert world.told == [("leave", *OLD_NODES)]
    assert told == ["load balancer: 203.0.113.10, 203.0.113.11 closed their connections and left"]


def test_old_nodes_vanish_without_a_word() -> None:
    world, _ = _struck(NodesVanish())
    assert world.told == [("silent", *OLD_NODES)]


def test_old_addresses_become_a_strangers_before_they_answer_again() -> None:
    world, _ = _struck(AddressesReused())
    assert world.told == [
        ("leave", *OLD_NODES),
        (OLD_NODES, STRANGER),
        ("estrange", *OLD_NODES),
        ("join", *OLD_NODES),
    ]


def test_one_node_stalls() -> None:
    world, _ = _struck(NodeStalls())
    assert world.told == [(OLD_NODES[:1], STALLS)]


def test_dns_fails_and_is_well_again() -> None:
    fails, heals = dns_fails.for_a_while(Timing(ttl_s=1, duration_s=8.0), Failing.SERVFAIL)
    world, told = _struck(fails.fault)
    assert world.authority.failing is Failing.SERVFAIL
    assert told == ["dns: gives SERVFAIL"]
    asyncio.run(heals.fault.strike(world))
    assert world.authority.failing is None


def test_rolling_joins_the_next_node_before_it_is_named_and_comes_round_again() -> None:
    world = _Recorded([])
    named: list[tuple[str, ...]] = []

    async def roll() -> None:
        task = asyncio.create_task(NodesRoll(grace_s=0.0).strike(world))
        while len(world.told) < 10:
            await asyncio.sleep(0)
            named.append(world.authority.addresses)
        task.cancel()

    world.authority.ttl_s = 0
    asyncio.run(roll())
    a, b, c, d = (*OLD_NODES, *NEW_NODES)
    assert world.told[:5] == [("join", c), ("leave", a), ("join", d), ("leave", b), ("join", a)]
    assert list(dict.fromkeys(named))[:3] == [(b, c), (c, d), (d, a)]
