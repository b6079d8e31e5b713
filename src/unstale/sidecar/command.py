"""The user's command: started as the caller would have started it, told of every signal, and its ending kept.

It stays in the caller's process group and on its terminal, so that Ctrl-C, Ctrl-Z and pipelines work as ever. It dies
with us, by the kernel's hand or, where there is no setpriv, by an heir's.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from unstale.model.errors import InputError
from unstale.sidecar.heir import Heir
from unstale.sidecar.programs import search
from unstale.sidecar.signals import Arrived, Signals

NOT_FOUND = 127
NOT_EXECUTABLE = 126


class NotStartedError(InputError):
    """The command cannot be started; `status` is what a shell would return for it."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def check(words: Sequence[str]) -> None:
    """Raise NotStartedError where the first word is no program that may be executed."""
    name = words[0]
    if shutil.which(name) is not None:
        return
    if "/" in name and Path(name).exists():
        raise NotStartedError(
            f"{name}: may not be executed. Make it executable, or name its interpreter.", NOT_EXECUTABLE
        )
    raise NotStartedError(f"{name}: command not found.", NOT_FOUND)


class Command:
    """One command, from its start to its end."""

    def __init__(self, words: Sequence[str], signals: Signals) -> None:
        self._words = tuple(words)
        self._signals = signals
        self._child: asyncio.subprocess.Process | None = None
        self._heir: Heir | None = None

    @property
    def pid(self) -> int | None:
        """Its process id: the command's own, whatever started it."""
        return self._child.pid if self._child else None

    async def start(self, *, prefix: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> None:
        """Start it behind `prefix`, a command that ends by executing the rest."""
        setpriv = search("setpriv")
        dying_with_us = (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
        with self._signals.as_before():
            self._child = await asyncio.create_subprocess_exec(*prefix, *dying_with_us, *self._words, env=environ)
        if setpriv is None:
            self._heir = await Heir.of(self._child.pid)

    async def ended(self) -> int:
        """Wait for its end: its exit code, or the negative number of the signal that ended it."""
        assert self._child is not None
        passing = asyncio.create_task(self._pass_signals())
        try:
            return await self._child.wait()
        finally:
            passing.cancel()
            if self._heir is not None:
                await self._heir.dismiss()

    async def _pass_signals(self) -> None:
        while True:
            self._pass(await self._signals.arrived.get())

    def _pass(self, arrived: Arrived) -> None:
        assert self._child is not None
        if not arrived.is_for_all:
            with suppress(ProcessLookupError):
                self._child.send_signal(arrived.number)
        if arrived.number is signal.SIGTSTP:
            os.kill(os.getpid(), signal.SIGSTOP)


def end_as(status: int) -> int:
    """The exit code for `status`; does not return where a signal ended the command: then it ends us too."""
    if status >= 0:
        return status
    number = signal.Signals(-status)
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    _without_core()
    os.kill(os.getpid(), number)
    return 128 + number


def _without_core() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
