"""The way out of the command's namespace for what is not captured: slirp4netns, which needs no root.

It reads the packets of a device inside and makes ordinary sockets of the caller's outside. Captured connections do not
take it: Envoy stands outside already.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from unstale.model.errors import MachineError
from unstale.sidecar.namespace import Namespace
from unstale.sidecar.programs import find
from unstale.sidecar.signals import unblocked
from unstale.sidecar.wiring import DEVICE, UPLINK_CIDR, Wiring, after_uplink

_READY_S = 10.0
_PAUSES_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
_MTU = 65520


class Uplink:
    """slirp4netns for one namespace, started again as often as it ends."""

    def __init__(self, namespace: Namespace, wiring: Wiring, log: Path) -> None:
        self._namespace = namespace
        self._wiring = wiring
        self._log = log
        self._running: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._running.pid if self._running else None

    async def start(self) -> None:
        """Start it and wait until the device is there. Raises MachineError in its own last words."""
        reading, writing = os.pipe()
        try:
            with self._log.open("ab") as log, unblocked():
                self._running = await asyncio.create_subprocess_exec(
                    *self._command(writing),
                    pass_fds=[writing],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            os.close(writing)
            writing = -1
            is_ready = await _byte(reading)
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)
        if not is_ready:
            await self.stop()
            raise MachineError(f"slirp4netns: does not start ({self._last_words()}). See {self._log}.")
        if more := after_uplink(self._wiring):
            await self._namespace.run("ip", "-batch", "-", text=more)

    async def keep_up(self, told: Callable[[str], None]) -> None:
        """Start it again whenever it ends by itself; never returns. Only what is not captured notices.

        `told` hears of each end, and why it does not start.
        """
        failures = 0
        while True:
            assert self._running is not None
            began = time.monotonic()
            code = await self._running.wait()
            failures = 0 if time.monotonic() - began > _PAUSES_S[-1] else failures
            pause_s = _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]
            ended = f"killed by signal {-code}" if code < 0 else f"ended by itself (exit code {code})"
            told(f"slirp4netns: {ended}. Starting it again{f' in {pause_s:g} s' if pause_s else ''}.")
            await asyncio.sleep(pause_s)
            failures += 1
            try:
                await self.start()
            except MachineError as error:
                told(str(error))

    async def stop(self) -> None:
        """End it."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                self._running.kill()
            await self._running.wait()

    def _command(self, ready: int) -> tuple[str, ...]:
        user = (f"--userns-path={self._namespace.path('user')}",) if self._namespace.has_user_namespace else ()
        return (
            *(find("setpriv"), "--pdeathsig", "KILL", "--"),
            *(find("slirp4netns"), "--configure", f"--mtu={_MTU}", f"--cidr={UPLINK_CIDR}", f"--ready-fd={ready}"),
            *(("--enable-ipv6",) if self._wiring.has_ipv6 else ()),
            *("--netns-type=path", *user, self._namespace.path("net"), DEVICE),
        )

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else "no word"


async def _byte(descriptor: int) -> bool:
    """Whether a byte comes before the other side closes."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(descriptor, arrived.set)
    try:
        async with asyncio.timeout(_READY_S):
            await arrived.wait()
        return bool(os.read(descriptor, 1))
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
