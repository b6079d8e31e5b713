"""A real Envoy beside the application: started, driven and ended as one thing.

Envoy starts with an empty configuration and gets the first one as an ordinary change. So a bad first configuration is
reported exactly as a bad edit is, and how long Envoy takes to start does not depend on it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unstale.envoy.resource import Resources
from unstale.istio.proxy_config import ProxyStatsMatcher
from unstale.model.errors import MachineError, ProxyError
from unstale.sidecar.admin import Admin
from unstale.sidecar.binary import find_envoy
from unstale.sidecar.blame import rejected
from unstale.sidecar.bootstrap import ADS_CLUSTER, Node, admin_socket, ads_socket, bootstrap
from unstale.sidecar.handover import Handover
from unstale.sidecar.outcome import Applied, Outcome, Rejected, Superseded
from unstale.sidecar.process import Launch, Process
from unstale.sidecar.xds import messages
from unstale.sidecar.xds.encode import EncodeError, Encoder
from unstale.sidecar.xds.server import XdsServer
from unstale.sidecar.xds.snapshot import Snapshot

_FIRST_PAUSE_S = 0.1
_DEADLINE_EACH_S = 0.02
"""A new cluster is looked up before Envoy acknowledges it; 10,000 hosts have 20,000 of them."""

_PIECE = 1000
"""Clusters that are encoded and sent before the next ones; it takes a sixth of a second."""

_LONGEST_PAUSE_S = 5.0
_BUSY = r"^(http|cluster)\..*\.(downstream|upstream)_rq_active$"
_OUR_OWN = ("http.admin.", f"cluster.{ADS_CLUSTER}.")
"""Requests that are always open: the one that asks, and the stream to our own ADS server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarSettings:
    """How one sidecar is run. `folder` is private to it: sockets, bootstrap and Envoy's log live there.

    `prefix` runs Envoy somewhere else (`nsenter --net=PATH`). `mark` is set on Envoy's upstream sockets, None where
    nothing is captured. `binary` None means the installed one. Times are limits, not waits. `handover` is where Envoy's
    listening sockets come from, None for its own; `is_bare` and `shows_stderr` are those of `Launch`. With `restarts`
    an Envoy that ends is no end: see `keep_alive`. `has_internal` allows internal listeners, `resolver`
    is that of clusters which name none; `statistics` are kept besides those that always are.
    """

    folder: Path
    binary: Path | None = None
    prefix: tuple[str, ...] = ()
    node: Node = field(default_factory=Node)
    mark: int | None = None
    concurrency: int = 1
    file_flush_interval_ms: int = 100
    ready_deadline_s: float = 20.0
    push_deadline_s: float = 60.0
    drain_limit_s: float = 5.0
    handover: Handover | None = None
    is_bare: bool = False
    shows_stderr: bool = False
    restarts: bool = False
    has_internal: bool = False
    resolver: dict[str, Any] | None = None
    statistics: ProxyStatsMatcher | None = None


class Sidecar:
    """One Envoy and its control plane. `died` gets a ProxyError when Envoy ends by itself.

    `in_force` is the last configuration that Envoy accepted as a whole.
    """

    def __init__(
        self, settings: SidecarSettings, *, on_trouble: Callable[[Rejected], None] = lambda rejected: None
    ) -> None:
        self.settings = settings
        self.in_force = Resources()
        self.admin = Admin(admin_socket(settings.folder))
        self._encoder = Encoder()
        self._server = XdsServer(
            ads_socket(settings.folder), on_trouble=lambda refused: on_trouble(rejected(refused, self.in_force))
        )
        self._encoding = asyncio.Lock()
        self._process: Process | None = None
        self._is_kept_alive = False

    @property
    def died(self) -> asyncio.Future[ProxyError]:
        """Raises ProxyError before the start."""
        return self._envoy.died

    @property
    def pid(self) -> int | None:
        """Envoy's process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def log(self) -> Path:
        """Envoy's own log."""
        return self.settings.folder / "envoy.log"

    async def start(self, resources: Resources | None = None) -> None:
        """Start Envoy, wait until it is live, and bring `resources` into force.

        Raises ProxyError where Envoy does not come up or refuses the resources, MachineError where it cannot be run.
        Whatever was started is ended before an error is raised.
        """
        try:
            await self._start()
            outcome = await self.apply(resources, is_first=True) if resources is not None else None
        except BaseException:
            await self.kill()
            raise
        if isinstance(outcome, Rejected):
            await self.kill()
            raise ProxyError(str(outcome))

    async def apply(self, resources: Resources, *, is_first: bool = False) -> Outcome:
        """Bring `resources` into force without dropping a request, all or nothing.

        The first ones are sent in pieces, so that Envoy works on the clusters while the rest is encoded.

        Raises ProxyError where Envoy is dead or dies meanwhile.
        """
        process = self._running()
        began = time.monotonic()
        try:
            # Encoded one after the other: a quick one must not overtake a slow older one.
            async with self._encoding:
                if is_first:
                    await self._send_ahead(resources)
                snapshot = await asyncio.to_thread(self._encoder.encode, resources)
                push = asyncio.create_task(self._push(snapshot, resources))
        except EncodeError as error:
            name = error.resource.name
            return rejected(
                messages.Refused(push=0, type_url=error.type_url, names=(name,), reason=error.reason), resources
            )
        either: list[asyncio.Future[Any]] = [push] if self._is_kept_alive else [push, process.ended]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not push.done():
            push.cancel()
            raise process.ended.result()
        match push.result():
            case messages.Accepted():
                return Applied(took_s=time.monotonic() - began)
            case messages.Superseded():
                return Superseded()
            case messages.Refused() as refused:
                return rejected(refused, resources)

    async def _send_ahead(self, resources: Resources) -> None:
        for end in range(_PIECE, len(resources.clusters), _PIECE):
            part = Resources(clusters=resources.clusters[:end], endpoints=resources.endpoints)
            self._server.ahead(await asyncio.to_thread(self._encoder.encode, part))

    async def keep_alive(self, told: Callable[[str], None]) -> None:
        """Start Envoy again whenever it ends by itself, at once and then after longer and longer pauses; never returns.

        `told` hears of each end, and when requests are served again.
        """
        self._is_kept_alive = True
        pause_s = 0.0
        while True:
            began = time.monotonic()
            error = await self._envoy.died
            pause_s = 0.0 if time.monotonic() - began > _LONGEST_PAUSE_S else pause_s
            await self._start_again(error, pause_s, told)
            pause_s = min(max(2 * pause_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)

    async def _start_again(self, error: ProxyError, pause_s: float, told: Callable[[str], None]) -> None:
        ended = time.monotonic()
        is_serving = False
        while not is_serving:
            told(f"{error} Starting it again{f' in {pause_s:g} s' if pause_s else ''}.")
            await asyncio.sleep(pause_s)
            try:
                await self._launch_envoy()
                deadline_s = self._patience_s(self.in_force)
                await self._envoy.wait_until(self._has_all, deadline_s=deadline_s, what="ready")
                is_serving = True
            except ProxyError as again:
                await self._envoy.kill()
                error = again
                pause_s = min(max(2 * pause_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
        told(f"Envoy: serves again after {time.monotonic() - ended:.2f} s; the connections of before are cut.")

    @asynccontextmanager
    async def without_control_plane(self) -> AsyncIterator[None]:
        """Hang up on Envoy and listen again at the end, as after a crash of the ADS server; Envoy serves on."""
        await self._server.stop()
        try:
            yield
        finally:
            await self._server.start()

    async def stop(self) -> None:
        """End gracefully: ask clients to leave, let open requests end up to the limit, leave nothing behind."""
        if self._process is not None:
            try:
                await self.admin.drain()
            except ProxyError:
                pass
            else:
                await self._process.stop(self._is_idle, limit_s=self.settings.drain_limit_s)
        await self.kill()

    async def kill(self) -> None:
        """End at once, whatever is open."""
        if self._process is not None:
            await self._process.kill()
            self.admin.path.unlink(missing_ok=True)
        await self._server.stop()

    async def _push(self, snapshot: Snapshot, resources: Resources) -> messages.Outcome:
        outcome = await self._server.push(snapshot, deadline_s=self._patience_s(resources))
        if isinstance(outcome, messages.Accepted):
            self.in_force = resources
        return outcome

    def _patience_s(self, resources: Resources) -> float:
        return max(self.settings.push_deadline_s, _DEADLINE_EACH_S * len(resources.clusters))

    async def _start(self) -> None:
        launch = self._launch()
        content = bootstrap(
            folder=self.settings.folder,
            node=self.settings.node,
            mark=self.settings.mark,
            has_internal=self.settings.has_internal,
            resolver=self.settings.resolver,
            statistics=self.settings.statistics,
        )
        try:
            self._prepare(launch, json.dumps(content, indent=1))
        except OSError as error:
            raise MachineError(f"{self.settings.folder}: cannot be written ({error.strerror}).") from error
        await self._server.start()
        await self._launch_envoy(launch)

    async def _launch_envoy(self, launch: Launch | None = None) -> None:
        handover = self.settings.handover
        self.admin.path.unlink(missing_ok=True)
        if handover is not None:
            handover.open()
        self._process = Process(launch or self._launch())
        await self._process.start()
        await self._process.wait_until(self._is_live, deadline_s=self.settings.ready_deadline_s, what="live")
        if handover is not None:
            handover.taken()

    def _prepare(self, launch: Launch, content: str) -> None:
        folder = self.settings.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        launch.bootstrap.write_text(content, "utf-8")
        launch.log.unlink(missing_ok=True)
        self.admin.path.unlink(missing_ok=True)

    def _launch(self) -> Launch:
        settings = self.settings
        return Launch(
            binary=settings.binary or find_envoy(),
            bootstrap=settings.folder / "bootstrap.json",
            log=self.log,
            prefix=settings.prefix,
            concurrency=settings.concurrency,
            file_flush_interval_ms=settings.file_flush_interval_ms,
            handover=settings.handover.options() if settings.handover else (),
            is_bare=settings.is_bare,
            shows_stderr=settings.shows_stderr,
        )

    @property
    def _envoy(self) -> Process:
        if self._process is None:
            raise ProxyError("Envoy: not started.")
        return self._process

    def _running(self) -> Process:
        if self._envoy.ended.done() and not self._is_kept_alive:
            raise self._envoy.ended.result()
        return self._envoy

    async def _is_live(self) -> bool:
        return self._server.is_settled and await self.admin.is_ready()

    async def _has_all(self) -> bool:
        return self._server.is_complete and await self.admin.is_ready()

    async def _is_idle(self) -> bool:
        stats = await self.admin.stats(_BUSY)
        return not any(value for name, value in stats.items() if not name.startswith(_OUR_OWN))
