"""`unstale sidecar`: one command, or everything that asks a proxy, behind a real Envoy with live manifests.

    caller's network:    Envoy  -  slirp4netns  -  this process (control plane, look-ups, supervision)
    command's namespace: Envoy's listening sockets  -  the way out for what is not captured  -  the command

Everything ends with this process, whatever ends it: its children by the kernel's hand, what these started by the
namespace's holder.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from unstale.envoy.inputs import Configuration
from unstale.envoy.resource import Kind, Resources
from unstale.sidecar import run_folder
from unstale.sidecar.admin_port import AdminPort
from unstale.sidecar.bootstrap import admin_socket
from unstale.sidecar.command import Command, check
from unstale.sidecar.forward_proxy import as_forward_proxy
from unstale.sidecar.handover import Address, Handover, is_possible, listening
from unstale.sidecar.history import History
from unstale.sidecar.live import Edit, Live
from unstale.sidecar.local_pod import BothFamilies, bound_addresses, has_ipv6, host_table
from unstale.sidecar.look_ups import LookUps, Table, nameservers
from unstale.sidecar.namespace import Namespace
from unstale.sidecar.observer import Observer
from unstale.sidecar.report_socket import ReportSocket
from unstale.sidecar.resolver import SHARED, with_shared_resolver
from unstale.sidecar.run_settings import RunSettings
from unstale.sidecar.secret_store import SecretStore
from unstale.sidecar.setting import LocalSetting
from unstale.sidecar.sidecar import Sidecar, SidecarSettings
from unstale.sidecar.signals import Signals
from unstale.sidecar.uplink import Uplink
from unstale.sidecar.wiring import ADDRESS, ADDRESS6, DNS_PORT, Wiring, before_uplink, rules

_GRACE_S = 2.0
_ENDS = frozenset({"SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"})
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


class EndedEarlyError(Exception):
    """A signal came before the command was started."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


class Run:
    """One run of `unstale sidecar`. `say` tells the user a line."""

    def __init__(self, settings: RunSettings, signals: Signals, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.history = History()
        self._signals = signals
        self._say = say
        self._tasks: list[asyncio.Task[Any]] = []
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._has_ipv6 = has_ipv6()
        self._both = BothFamilies()
        self._namespace = None if settings.listen else Namespace()
        self._look_ups = LookUps(self._namespace) if self._namespace else None
        self._handover: Handover | None = None
        self._folder = Path()

    async def run(self) -> int:
        """From start to end; the command's exit code, or the negative number of the signal that ended it.

        Raises InputError, MachineError and ProxyError where it does not come to the command's start.
        """
        if self.settings.command:
            check(self.settings.command)
        async with AsyncExitStack() as stack:
            self._signals.start()
            stack.callback(self._signals.stop)
            self._folder = run_folder.create()
            stack.callback(run_folder.remove, self._folder)
            try:
                await self._unless_ended(self._start(stack))
                return await self._serve()
            except EndedEarlyError as error:
                return -error.number

    async def _unless_ended(self, starting: Coroutine[Any, Any, None]) -> None:
        begun = asyncio.create_task(starting)
        while not begun.done():
            told = asyncio.create_task(self._signals.arrived.get())
            await asyncio.wait([begun, told], return_when=asyncio.FIRST_COMPLETED)
            if not told.done():
                told.cancel()
            elif told.result().number.name in _ENDS:
                begun.cancel()
                await asyncio.wait([begun])
                raise EndedEarlyError(told.result().number)
        begun.result()

    async def _start(self, stack: AsyncExitStack) -> None:
        if self.settings.admin:
            admin = AdminPort(self.settings.admin, admin_socket(self._folder))
            await admin.open()
            stack.callback(admin.close)
        if self._namespace is not None:
            stack.push_async_callback(self._namespace.give_up)
            await self._namespace.make()
            await self._namespace.run("ip", "-batch", "-", text=before_uplink(self._wiring({})))
        await self._open_handover(stack)
        self.sidecar = Sidecar(self._sidecar_settings(), on_trouble=lambda refused: self._say(str(refused)))
        secrets = SecretStore(self._folder / "secrets", manifests=self.settings.secrets)
        live = Live(
            self.sidecar,
            self.settings.paths,
            access_log=self.settings.access_log,
            setting=self._setting(),
            shape=self._shape,
            last_step=lambda cluster: secrets.with_secrets(with_shared_resolver(cluster)),
        )
        stack.push_async_callback(self.sidecar.stop)
        for warning in await live.start():
            self._say(f"warning: {warning}")
        self.history.in_force_since_s = time.time()
        stack.push_async_callback(self._stop_tasks)
        self._observer = Observer(self.sidecar)
        self._begin(self._observer.watch())
        self._begin(secrets.watch(self._say))
        self._begin(live.follow(self._edited))
        self._begin(self.sidecar.keep_alive(self._say))
        if self._namespace is not None:
            await self._wire(stack, self._namespace)
        report = ReportSocket(self._folder / run_folder.STATUS_SOCKET, self.report)
        await report.open()
        stack.callback(report.close)

    async def _open_handover(self, stack: AsyncExitStack) -> None:
        """Without shared memory an Envoy that listens here opens its sockets itself, and they are gone as it ends."""
        listen = self.settings.listen
        if listen and not is_possible():
            listening(listen).close()
            return
        self._handover = Handover(self._folder, self._make_socket)
        self._handover.on_trouble = lambda error: self._say(str(error))
        stack.callback(self._handover.close)
        if listen:
            await self._handover.prepare(listen)

    async def _wire(self, stack: AsyncExitStack, namespace: Namespace) -> None:
        uplink = Uplink(namespace, self._wiring({}), self._folder / "slirp4netns.log")
        stack.push_async_callback(uplink.stop)
        await uplink.start()
        self._begin(uplink.keep_up(self._say))
        stack.push_async_callback(self._stop_tasks)  # once more: before what they watch is stopped
        assert self._look_ups is not None
        stack.callback(self._look_ups.close)
        every = nameservers()
        taken = every if self.settings.captures_dns else tuple(one for one in every if ip_address(one).is_loopback)
        relays = await self._look_ups.open(taken, first_port=DNS_PORT)
        await namespace.run("nft", "-f", "-", text=rules(self._wiring(relays)))

    async def _serve(self) -> int:
        """Until the command ends, or without one until a signal says so."""
        if not self.settings.command:
            assert self.settings.listen is not None
            self._say(f"listening on {shown(self.settings.listen)}; Ctrl-C ends it")
            await self._unless_broken(self._told_to_end())
            return 0
        command = Command(self.settings.command, self._signals)
        prefix = self._namespace.entering(folder=str(Path.cwd())) if self._namespace else ()
        await command.start(prefix=prefix, environ=self._environ())
        status = await self._unless_broken(command.ended())
        if self._namespace is not None:
            await self._namespace.clear(grace_s=_GRACE_S)
        return status

    async def _told_to_end(self) -> int:
        while (await self._signals.arrived.get()).number.name not in _ENDS:
            pass
        return 0

    async def _unless_broken(self, waiting: Coroutine[Any, Any, int]) -> int:
        task = asyncio.create_task(waiting)
        either: list[asyncio.Future[Any]] = [task, self._broken]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._broken.done():
            task.cancel()
            self._broken.result()
        return task.result()

    async def report(self) -> dict[str, Any]:
        """What `unstale sidecar status` shows."""
        now = time.time()
        history, resources = self.history, self.sidecar.in_force
        return {
            "pid": os.getpid(),
            "command": list(self.settings.command),
            "manifests": [str(path) for path in self.settings.paths],
            "istio": self.settings.istio,
            "listen": shown(self.settings.listen) if self.settings.listen else None,
            "age_s": round(now - history.began_s, 1),
            "envoy": {"pid": self.sidecar.pid, "log": str(self.sidecar.log)},
            "in_force": {
                "age_s": round(now - history.in_force_since_s, 1),
                **{kind.value: len(resources.of(kind)) for kind in Kind},
            },
            "refused": {"reason": history.refused, "age_s": round(now - history.refused_at_s, 1)}
            if history.refused
            else None,
            **await self._observer.report(),
        }

    def _edited(self, edit: Edit) -> None:
        for warning in edit.warnings:
            self._say(f"warning: {warning}")
        self._say(str(edit))
        if edit.is_in_force:
            self.history.in_force_since_s, self.history.refused = time.time(), ""
            if self._handover is not None:
                self._handover.keep(bound_addresses(self.sidecar.in_force))
        else:
            self.history.refused, self.history.refused_at_s = str(edit.outcome), time.time()

    def _shape(self, found: Configuration) -> Resources:
        self._table: Table = host_table(found) if self.settings.captures_dns else {}
        if self._look_ups is not None:
            self._look_ups.table = self._table
        if self.settings.listen:
            return as_forward_proxy(found, self.settings.listen)
        return self._both.shape(found) if self._has_ipv6 else found.resources

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._broken.done():
            self._broken.set_exception(error)

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _make_socket(self, address: Address) -> socket.socket:
        return await self._namespace.listen(address) if self._namespace else listening(address)

    def _wiring(self, relays: Mapping[str, int]) -> Wiring:
        return Wiring(
            has_ipv6=self._has_ipv6,
            port=self._setting().load_mesh().proxy_listen_port,
            excluded_ports=self.settings.excluded_ports,
            excluded_networks=self.settings.excluded_networks,
            local_ports=self.settings.local_ports,
            relays=relays,
        )

    def _setting(self) -> LocalSetting:
        return LocalSetting(
            mesh=self.settings.mesh,
            proxy=self.settings.proxy,
            istio=self.settings.istio,
            addresses=(ADDRESS, ADDRESS6) if self._has_ipv6 else (ADDRESS,),
            http_port=self.settings.listen[1] if self.settings.listen else 0,
            captures_dns=self.settings.captures_dns,
        )

    def _sidecar_settings(self) -> SidecarSettings:
        log = self.settings.access_log
        return SidecarSettings(
            folder=self._folder,
            concurrency=self.settings.concurrency,
            handover=self._handover,
            is_bare=True,
            shows_stderr=log is not None and log.path is None,
            restarts=True,
            has_internal=self.settings.listen is not None,
            resolver=SHARED,
            statistics=self._setting().stats_matcher(),
        )

    def _environ(self) -> dict[str, str] | None:
        if self.settings.listen is None:
            return None
        url = f"http://{shown(self.settings.listen)}"
        return {**os.environ, **dict.fromkeys(_PROXY_VARIABLES, url)}


def shown(address: Address) -> str:
    """As in a URL."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
