"""Run one cell: build its world, start its sidecar, send the load, let the faults strike, gather what happened."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unstale.envoy.inputs import compile_sources
from unstale.lab import distance, load, nodes
from unstale.lab.certificates import Certificates, issue
from unstale.lab.children import Role, fork
from unstale.lab.dns.authority import Authority, DnsAnswer
from unstale.lab.evidence import Counts, Evidence
from unstale.lab.fitting import with_authority
from unstale.lab.loopback import SERVER_PORT
from unstale.lab.namespaces import Namespaces, build, remove
from unstale.lab.order import Order
from unstale.lab.pod import Pod
from unstale.lab.program import Load, program
from unstale.lab.recording import LineCount, RowWriter, make_folder, write_json, write_rows, write_text
from unstale.lab.registry import members
from unstale.lab.running import RunningWorld
from unstale.lab.scenario import Moment, Scenario
from unstale.lab.silence import Silence
from unstale.lab.variant import encrypted
from unstale.lab.verdict import Case, judge
from unstale.lab.way import Way
from unstale.lab.world import Tls
from unstale.model.experiment import Actor, Cell, HostChange

HEAD_START_S = 0.2
"""Time for the application to get its threads to the starting line."""

_WATCH_EVERY_S = 0.1
_LOG_LIMIT_S = 10.0
_MEMORY_EVERY_S = 1.0

Report = Callable[[str], None]
"""Told in words what happens in the cell, for the live progress."""


def run(order: Order, private: Path, report: Report, wait_for_go: Callable[[], None]) -> Cell:
    """Run the cell to its end; `private` is a folder on a tmpfs for sockets, keys and namespaces.

    Calls `wait_for_go`, which blocks, when everything is built and the load could begin.

    Raises UnstaleError where the machine or the proxy does not do its part.
    """
    world = order.world
    folder = Path(order.folder)
    make_folder(folder)
    certificates = None if world.tls is Tls.NONE else issue(private / "tls", world.hosts)
    spaces = build(private, world) if order.loopback is None else Namespaces()
    roles = [
        fork(
            "server",
            spaces.internet,
            lambda channel: nodes.run(channel, world, folder / "executions.jsonl", certificates),
        ),
        fork("application", spaces.pod, lambda channel: load.run(channel, load_of(order, certificates))),
    ]
    if spaces.road is not None:
        delay_s = world.distance_ms / 1000
        roles.append(fork("relay", spaces.road, lambda channel: distance.relay(channel, delay_s)))
    try:
        cell = _Cell(order, spaces, certificates, report)
        return asyncio.run(cell.run(roles, private, wait_for_go))
    finally:
        for role in roles:
            role.channel.close()
        remove(spaces)


def load_of(order: Order, certificates: Certificates | None) -> Load:
    """What the order's application is to do."""
    return Load(
        program=order.program,
        habit=order.habit,
        host=order.target.host,
        port=order.target.port,
        method=order.method,
        pace=order.pace,
        timeout_s=order.timeout_s,
        ttl_s=order.world.ttl_s,
        workload=order.workload,
        http=order.world.http,
        ca=certificates.ca if certificates and order.world.tls is Tls.PASSTHROUGH else None,
        via=order.loopback.listener if order.loopback else None,
        resolver=order.loopback.resolver if order.loopback else None,
        server_port=SERVER_PORT,
    )


class _Cell:
    """The cell's event loop: everything but the roles, which have processes of their own."""

    def __init__(self, order: Order, spaces: Namespaces, certificates: Certificates | None, report: Report) -> None:
        self._order = order
        self._spaces = spaces
        self._certificates = certificates
        self._report = report
        known: Mapping[str, Scenario] = members("unstale.lab.scenarios", "SCENARIO")
        self._scenario = encrypted(order.scenario, known) if order.calls_https else known[order.scenario]
        self._moments: tuple[Moment, ...] = self._scenario.moments(order.timing)
        self._folder = Path(order.folder)
        self._changes: list[HostChange] = []
        self._memory_bytes = 0

    async def run(self, roles: list[Role], private: Path, wait_for_go: Callable[[], None]) -> Cell:
        _fail_with_any_task(asyncio.get_running_loop(), asyncio.current_task())
        servers, client, *relays = roles
        async with AsyncExitStack() as stack:
            await servers.expect("listening")
            running = await self._begin(stack, servers)
            sidecar = await self._start_sidecar(stack, private)
            for relay in relays:
                await relay.expect("relaying")
            await client.expect("ready")
            await asyncio.to_thread(wait_for_go)
            await self._drive(running, sidecar, client)
            envoy = await self._settled(sidecar)
            arrived = await servers.ask({"finish": True}, "finished")
        return self._conclude(running, Counts(envoy=envoy, memory_bytes=self._memory_bytes, **arrived))

    async def _begin(self, stack: AsyncExitStack, servers: Role) -> RunningWorld:
        world = self._order.world
        running = RunningWorld(
            world=world,
            authority=Authority(world.hosts, world.addresses, world.ttl_s),
            nodes=servers,
            silence=Silence(self._spaces.internet),
            host=self._order.target.host,
            on_event=self._report,
        )
        if world.silent:
            await running.silence.fall(world.silent)
        await Way(self._spaces, running, self._order.loopback).open(stack)
        return running

    async def _start_sidecar(self, stack: AsyncExitStack, private: Path) -> Pod:
        sources = self._order.sources
        for source in sources:
            write_text(self._folder / Path(source.name).name, source.text)
        if self._certificates is not None:
            sources = with_authority(sources, str(self._certificates.ca))
        configuration = compile_sources(sources, self._order.setting)
        sidecar = Pod(
            resources=configuration.resources,
            private=private,
            folder=self._folder,
            spaces=self._spaces,
            world=self._order.world,
            port=self._order.target.port,
            loopback=self._order.loopback,
        )
        stack.push_async_callback(sidecar.stop)
        await sidecar.start()
        return sidecar

    async def _drive(self, running: RunningWorld, sidecar: Pod, client: Role) -> None:
        running.start = time.monotonic() + HEAD_START_S
        client.channel.tell({"start": running.start, "path": str(self._folder / "requests.jsonl")})
        self._report("load begins")
        finished = asyncio.create_task(client.expect("sent"))
        others = (
            asyncio.create_task(self._strike(running)),
            asyncio.create_task(self._watch_endpoints(running, sidecar)),
            asyncio.create_task(self._watch_memory(sidecar)),
        )
        try:
            await sidecar.unless_it_dies(finished, *others)
        finally:
            for task in (finished, *others):
                task.cancel()
            await asyncio.gather(finished, *others, return_exceptions=True)

    async def _settled(self, sidecar: Pod) -> Mapping[str, int]:
        """Envoy's counters when its log has a line for every request counted: it writes the log a moment later."""
        log = LineCount(self._folder / "access.log")
        end = time.monotonic() + _LOG_LIMIT_S
        while True:
            envoy = await sidecar.counters()
            if log.count() >= envoy.get("downstream_rq_total", 0) or time.monotonic() > end:
                return envoy
            await asyncio.sleep(_WATCH_EVERY_S)

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
            # Where the sidecar has no addresses of its own there is little to see.
            await asyncio.sleep(_WATCH_EVERY_S if known else 5 * _WATCH_EVERY_S)

    async def _watch_memory(self, sidecar: Pod) -> None:
        began = time.monotonic()
        with contextlib.closing(RowWriter(self._folder / "memory.jsonl")) as rows:
            while True:
                envoy_bytes = await sidecar.memory_bytes()
                self._memory_bytes = max(self._memory_bytes, envoy_bytes)
                at_s = round(time.monotonic() - began, 3)
                rows.write({"at_s": at_s, "envoy_bytes": envoy_bytes, "lab_bytes": _own_bytes()})
                await asyncio.sleep(_MEMORY_EVERY_S)

    def _conclude(self, running: RunningWorld, counts: Counts) -> Cell:
        order, events = self._order, running.events
        write_rows(self._folder / "events.jsonl", (asdict(event) for event in events))
        write_rows(self._folder / "dns.jsonl", (_dns_row(answer, running) for answer in running.authority.answers))
        write_json(self._folder / "counters.json", asdict(counts))
        write_json(self._folder / "order.json", asdict(order))
        unix_s = time.time() - (time.monotonic() - running.start)
        write_json(self._folder / "start.json", {"monotonic_s": running.start, "unix_s": unix_s})
        is_opaque = order.world.tls is Tls.PASSTHROUGH
        evidence = Evidence.read(
            self._folder,
            start=running.start,
            events=events,
            counts=counts,
            is_opaque=is_opaque,
            has_ids=program(order.program).has_ids,
        )
        case = Case(
            scenario=order.scenario,
            policy=order.policy,
            method=order.method,
            app=order.program,
            bounds=self._scenario.expects.get((order.policy, order.method)) if order.is_usual else None,
            least=self._scenario.least.get(order.method) if order.is_usual else None,
            conditions=self._conditions(),
        )
        return judge(case, evidence, tuple(self._changes))

    def _conditions(self) -> tuple[str, ...]:
        distance_ms = self._order.world.distance_ms
        told = ("the application calls https",) if self._order.calls_https else ()
        if self._order.loopback is not None:
            return (*told, "on the loopback, without namespaces")
        if not distance_ms:
            return told
        means = "netem" if self._spaces.road is None else "a relay of frames (this kernel has no netem)"
        return (*told, f"{distance_ms:g} ms each way, made by {means}")


def _own_bytes() -> int:
    """The resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _dns_row(answer: DnsAnswer, running: RunningWorld) -> dict[str, object]:
    return {"at_s": answer.at - running.start, **{key: value for key, value in asdict(answer).items() if key != "at"}}


def _fail_with_any_task(loop: asyncio.AbstractEventLoop, cell: asyncio.Task[object] | None) -> None:
    """A fault of the lab's own must end the cell, or its figures would be measured in a broken world."""

    def end(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        assert cell is not None
        cell.cancel(str(context.get("exception") or context["message"]))

    loop.set_exception_handler(end)
