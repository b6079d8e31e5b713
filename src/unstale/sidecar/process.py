"""Envoy as a child process: start it, wait until it is live, notice its death, end it gracefully.

It dies with its parent: `setpriv --pdeathsig` arms the kernel between fork and exec, which a `preexec_fn` could not do
safely in a program with threads. An Envoy that gets its sockets by a handover disarms that (it asks for SIGTERM, and
then waits ten seconds for the one it took over from), so it gets an heir, as it does where there is no setpriv.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from unstale.model.errors import MachineError, ProxyError
from unstale.sidecar.heir import Heir
from unstale.sidecar.programs import search
from unstale.sidecar.signals import unblocked

_LOG_FORMAT = "[%Y-%m-%dT%T.%e][%l][%n] %v"
_LAST_LINES = 5
_QUOTED_CONFIG = re.compile(r" initializing config '.*")
_BARE = ("--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", *(["--bounding-set=-all"] * (os.geteuid() == 0)))
_POLL_S = 0.01
_TERM_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How Envoy is started. `prefix` is a command that runs it somewhere else, e.g. `nsenter --net=PATH`.

    The prefix must end by executing Envoy in its own process, not as a child. `handover` are the options by which it
    gets its sockets from elsewhere; `is_bare` takes every capability from it; its standard error is the caller's where
    `shows_stderr`, for an access log that goes there.
    """

    binary: Path
    bootstrap: Path
    log: Path
    prefix: tuple[str, ...] = ()
    concurrency: int = 1
    file_flush_interval_ms: int = 100
    log_level: str = "warning"
    drain_time_s: int = 45
    handover: tuple[str, ...] = ()
    is_bare: bool = False
    shows_stderr: bool = False

    def command(self, setpriv: str | None) -> tuple[str, ...]:
        guard = (setpriv, "--pdeathsig", "KILL", *(_BARE if self.is_bare else ()), "--") if setpriv else ()
        return (
            *self.prefix,
            *guard,
            *(str(self.binary), "--config-path", str(self.bootstrap)),
            *(self.handover or ("--disable-hot-restart",)),
            *("--concurrency", str(self.concurrency), "--log-path", str(self.log)),
            *("--file-flush-interval-msec", str(self.file_flush_interval_ms)),
            *("--drain-time-s", str(self.drain_time_s), "--drain-strategy", "immediate"),
            *("--log-level", self.log_level, "--log-format", _LOG_FORMAT),
            # istiod uses deprecated fields on purpose; a warning for each of them at each update is noise.
            *("--component-log-level", "misc:error"),
        )


class Process:
    """One run of Envoy.

    `ended` gets a ProxyError when it ends in whatever way, `died` only when it ends without having been told to.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.died: asyncio.Future[ProxyError] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[ProxyError] = asyncio.get_running_loop().create_future()
        self._child: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._heir: Heir | None = None
        self._is_ending = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Start the program. Raises MachineError where it cannot be run at all."""
        setpriv = search("setpriv")
        command = self.launch.command(setpriv)
        with self.launch.log.open("ab") as log, unblocked():
            try:
                self._child = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=None if self.launch.shows_stderr else log,
                    start_new_session=True,
                )
            except OSError as error:
                raise MachineError(f"{command[0]}: cannot be run ({error.strerror}).") from error
        self._watcher = asyncio.create_task(self._watch(self._child))
        if self.launch.handover or setpriv is None:
            self._heir = await Heir.of(self._child.pid)

    async def wait_until(self, is_true: Callable[[], Awaitable[bool]], *, deadline_s: float, what: str) -> None:
        """Wait for a condition. Raises ProxyError when Envoy dies first or the deadline passes."""
        try:
            async with asyncio.timeout(deadline_s):
                while not self.ended.done() and not await is_true():
                    await asyncio.wait([self.ended], timeout=_POLL_S)
        except TimeoutError as error:
            raise ProxyError(f"Envoy: not {what} after {deadline_s:g} s. {self.last_words()}".rstrip()) from error
        if self.ended.done():
            raise self.ended.result()

    async def stop(self, is_idle: Callable[[], Awaitable[bool]], *, limit_s: float) -> None:
        """Wait up to `limit_s` for open requests, then end Envoy, by force if it will not go."""
        self._is_ending = True
        if self._child is None or self._watcher is None:
            return
        with suppress(TimeoutError, ProxyError):
            async with asyncio.timeout(limit_s):
                while self._child.returncode is None and not await is_idle():
                    await asyncio.wait([self._watcher], timeout=_POLL_S)
        await self.kill()

    async def kill(self) -> None:
        """End Envoy now: SIGTERM, and SIGKILL when that is not enough. Returns when nothing is left of it."""
        self._is_ending = True
        if self._child is None or self._watcher is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                self._child.send_signal(number)
            await asyncio.wait([self._watcher], timeout=_TERM_S)
            if self._watcher.done():
                return

    def last_words(self) -> str:
        """The last errors Envoy logged, without their time stamps; "" where there are none."""
        try:
            lines = self.launch.log.read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        errors = [line for line in lines if "][critical]" in line or "][error]" in line]
        others = [line for line in lines if "][warning]" not in line]
        words = [_QUOTED_CONFIG.sub("", line.split("] ", 1)[-1]) for line in (errors or others)[-_LAST_LINES:]]
        return " | ".join(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))

    async def _watch(self, child: asyncio.subprocess.Process) -> None:
        code = await child.wait()
        if self._heir is not None:
            await self._heir.dismiss()
        error = ProxyError("Envoy: stopped.")
        if not self._is_ending:
            error = ProxyError(f"Envoy: {_ending(code)}. {self.last_words()}".rstrip())
            self.died.set_result(error)
        self.ended.set_result(error)


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by signal {signal.Signals(-code).name}"
    return f"ended by itself (exit code {code})"
