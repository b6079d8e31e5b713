"""Run one cell: build its world, start its sidecar, send the load, let the faults strike, gather what happened."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from unstale.envoy.inputs import Setting, compile_sources
from unstale.istio.source import Source
from unstale.lab import load, nodes
from unstale.lab.apps import App
from unstale.lab.children import Role, fork
from unstale.lab.dns.authority import Authority, DnsAnswer
from unstale.lab.dns.forwarder import Forwarder, Upstream
from unstale.lab.evidence import Evidence
from unstale.lab.firewall import LearningFirewall
from unstale.lab.namespaces import Namespaces, build, entered, inside, remove
from unstale.lab.pod import Pod
from unstale.lab.recording import make_folder, write_json, write_rows, write_text
from unstale.lab.registry import members
from unstale.lab.running import RunningWorld
from unstale.lab.scenario import Moment, Scenario, Timing
from unstale.lab.target import Target
from unstale.lab.verdict import judge
from unstale.lab.world import AUTHORITY_ADDRESS, NEW_NODES, OLD_NODES, POD_GATEWAY, World
from unstale.model.experiment import Actor, Cell, HostChange

HEAD_START_S = 0.2
"""Time for the application to get its threads to the starting line."""

Report = Callable[[str], None]
"""Told in words what happens in the cell, for the live progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Everything a cell needs to run, as plain data: it crosses a process boundary.

    `command` and `versions` are only for the recording: what was called, and what took part.
    """

    number: int
    scenario: str
    policy: str
    app: App
    sources: tuple[Source, ...]
    target: Target
    method: str
    rate: float
    connections: int
    duration_s: float
    ttl_s: int
    timeout_s: float
    folder: str
    command: str
    setting: Setting = field(default_factory=Setting)
    versions: Mapping[str, str] = field(default_factory=dict)


def run(order: Order, private: Path, report: Report, wait_for_go: Callable[[], None]) -> Cell:
    """Run the cell to its end; `private` is a folder on a tmpfs for sockets and namespaces.

    Calls `wait_for_go`, which blocks, when everything is built and the load could begin.

    Raises UnstaleError where the machine or the proxy does not do its part.
    """
    scenario: Scenario = members("unstale.lab.scenarios", "SCENARIO")[order.scenario]
    timing = Timing(ttl_s=order.ttl_s, duration_s=order.duration_s)
    world = World(
        hosts=order.target.hosts or (order.target.host,),
        ports=order.target.ports,
        ttl_s=order.ttl_s,
        addresses=OLD_NODES,
        spare_addresses=(*NEW_NODES, *order.target.addresses),
        firewall=scenario.firewall(timing),
    )
    make_folder(Path(order.folder))
    spaces = build(private, world)
    addresses = tuple(dict.fromkeys((*world.addresses, *world.spare_addresses)))
    servers = fork("server", spaces.internet, lambda channel: nodes.run(channel, addresses, world.ports))
    client = fork("application", spaces.pod, lambda channel: load.run(channel, _load(order)))
    try:
        cell = _Cell(order, world, spaces, scenario.moments(timing), report)
        return asyncio.run(cell.run(servers, client, private, wait_for_go))
    finally:
        for role in (servers, client):
            role.channel.close()
        remove(spaces)


def _load(order: Order) -> load.Load:
    return load.Load(
        app=order.app,
        host=order.target.host,
        port=order.target.port,
        method=order.method,
        rate=order.rate,
        connections=order.connections,
        duration_s=order.duration_s,
        timeout_s=order.timeout_s,
        ttl_s=order.ttl_s,
    )


class _Cell:
    """The cell's event loop: everything but the server and the application, which have processes of their own."""

    def __init__(
        self, order: Order, world: World, spaces: Namespaces, moments: tuple[Moment, ...], report: Report
    ) -> None:
        self._order = order
        self._world = world
        self._spaces = spaces
        self._moments = moments
        self._report = report
        self._folder = Path(order.folder)
        self._changes: list[HostChange] = []

    async def run(self, servers: Role, client: Role, private: Path, wait_for_go: Callable[[], None]) -> Cell:
        _fail_with_any_task(asyncio.get_running_loop(), asyncio.current_task())
        async with AsyncExitStack() as stack:
            running = await self._begin(stack, servers)
            sidecar = await self._start_sidecar(stack, private)
            await servers.expect("listening")
            await asyncio.to_thread(wait_for_go)
            await self._drive(running, sidecar, client)
            counters = await sidecar.counters()
            await servers.ask({"finish": str(self._folder / "executions.jsonl")}, "finished")
        return self._conclude(running, counters)

    async def _begin(self, stack: AsyncExitStack, servers: Role) -> RunningWorld:
        authority = Authority(self._world.hosts, self._world.addresses, self._world.ttl_s)
        running = RunningWorld(
            world=self._world, authority=authority, nodes=servers, host=self._order.target.host, on_event=self._report
        )
        upstream = Upstream()
        learn = await self._firewall(stack, running)
        await self._datagrams(stack, self._spaces.internet, authority, local=(AUTHORITY_ADDRESS, 53))
        await self._datagrams(stack, self._spaces.firewall, upstream, remote=(AUTHORITY_ADDRESS, 53))
        await self._datagrams(stack, self._spaces.firewall, Forwarder(upstream, learn), local=(POD_GATEWAY, 53))
        return running

    async def _firewall(self, stack: AsyncExitStack, running: RunningWorld) -> Callable[[tuple[str, ...]], Any]:
        if self._world.firewall is None:
            return _learn_nothing
        firewall = LearningFirewall(
            self._world.firewall, self._spaces.firewall, lambda what: running.tell(Actor.FIREWALL, what)
        )
        await firewall.start()
        stack.callback(firewall.stop)
        return firewall.learn

    async def _datagrams(
        self,
        stack: AsyncExitStack,
        namespace: Path,
        protocol: asyncio.DatagramProtocol,
        *,
        local: tuple[str, int] | None = None,
        remote: tuple[str, int] | None = None,
    ) -> None:
        with entered(namespace):
            end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            if local:
                end.bind(local)
            if remote:
                end.connect(remote)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: protocol, sock=end)
        stack.callback(transport.close)

    async def _start_sidecar(self, stack: AsyncExitStack, private: Path) -> Pod:
        configuration = compile_sources(self._order.sources, self._order.setting)
        for source in self._order.sources:
            write_text(self._folder / Path(source.name).name, source.text)
        sidecar = Pod(
            resources=configuration.resources,
            private=private,
            folder=self._folder,
            prefix=inside(self._spaces.pod),
        )
        stack.push_async_callback(sidecar.stop)
        await sidecar.start()
        return sidecar

    async def _drive(self, running: RunningWorld, sidecar: Pod, client: Role) -> None:
        running.start = time.monotonic() + HEAD_START_S
        client.channel.tell({"start": running.start, "path": str(self._folder / "requests.jsonl")})
        self._report("load begins")
        finished = asyncio.create_task(client.expect("sent"))
        faults = asyncio.create_task(self._strike(running))
        watch = asyncio.create_task(self._watch_endpoints(running, sidecar))
        try:
            await sidecar.unless_it_dies(finished, faults)
        finally:
            for task in (finished, faults, watch):
                task.cancel()
            await asyncio.gather(finished, faults, watch, return_exceptions=True)

    async def _strike(self, running: RunningWorld) -> None:
        for moment in self._moments:
            await asyncio.sleep(max(0.0, running.start - time.monotonic()) + moment.after_s)
            await moment.fault.strike(running)

    async def _watch_endpoints(self, running: RunningWorld, sidecar: Pod) -> None:
        known: tuple[str, ...] = ()
        while True:
            addresses = await sidecar.addresses(self._order.target.host, self._order.target.port)
            if addresses != known:
                known = addresses
                at_s = time.monotonic() - running.start
                self._changes.append(HostChange(at_s=at_s, host=self._order.target.host, addresses=addresses))
                running.tell(Actor.SIDECAR, f"uses {', '.join(addresses) or 'no address'}")
            await asyncio.sleep(0.1)

    def _conclude(self, running: RunningWorld, counters: Mapping[str, int]) -> Cell:
        events = running.events
        write_rows(self._folder / "events.jsonl", (asdict(event) for event in events))
        write_rows(self._folder / "dns.jsonl", (_dns_row(answer, running) for answer in running.authority.answers))
        write_json(self._folder / "counters.json", dict(counters))
        evidence = Evidence.read(self._folder, start=running.start, events=events, counters=counters)
        cell = judge(self._order.scenario, self._order.policy, self._order.method, evidence, tuple(self._changes))
        write_json(self._folder / "order.json", asdict(self._order))
        return cell


def _dns_row(answer: DnsAnswer, running: RunningWorld) -> dict[str, object]:
    return {"at_s": answer.at - running.start, **{key: value for key, value in asdict(answer).items() if key != "at"}}


def _fail_with_any_task(loop: asyncio.AbstractEventLoop, cell: asyncio.Task[object] | None) -> None:
    """A fault of the lab's own must end the cell, or its figures would be measured in a broken world."""

    def end(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        assert cell is not None
        cell.cancel(str(context.get("exception") or context["message"]))

    loop.set_exception_handler(end)


async def _learn_nothing(_: tuple[str, ...]) -> None:
    """Without a firewall nobody learns."""
