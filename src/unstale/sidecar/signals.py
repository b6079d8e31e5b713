"""Signals with their senders, so that a command beside us gets each of them once.

Ctrl-C goes to every process of the terminal's foreground: the command has it already, and a second one means something
else to many programs. What `kill` sends goes to us alone and must be passed on. A handler cannot tell the two apart;
`sigwaitinfo` can, for signals that are blocked. A program inherits the mask, so it is put back while one is started.
Where there is no `sigwaitinfo` (macOS), what the keyboard can send is taken to come from it while we are in the
foreground of a terminal.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

FORWARDED = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT),
)

_FROM_KERNEL = 0x80
"""SI_KERNEL of siginfo_t: sent by the terminal, not by a process."""

_KNOWS_SENDERS = hasattr(signal, "sigwaitinfo")
_WAKE_UP = signal.SIGRTMIN if _KNOWS_SENDERS else signal.SIGUSR2
_FROM_KEYBOARD = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH})


@contextmanager
def unblocked() -> Iterator[None]:
    """Programs started in this block hear every signal, whether or not we hold some back."""
    ours = signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One signal; `is_for_all` where the terminal sent it to everyone in its foreground."""

    number: signal.Signals
    is_for_all: bool


class Signals:
    """The signals of this process, one after another, from `start` to `stop`.

    Must be made in the main thread, before any other thread runs.
    """

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[Arrived] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        blocked = {*FORWARDED, _WAKE_UP} if _KNOWS_SENDERS else set[signal.Signals]()
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        # Without a handler a signal that comes while a program is being started would end us.
        self._handlers = {number: signal.signal(number, self._late) for number in FORWARDED}
        self._waiter = threading.Thread(target=self._wait, daemon=True)

    def start(self) -> None:
        """Begin to listen, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        if _KNOWS_SENDERS:
            self._waiter.start()

    def stop(self) -> None:
        """Listen no more; what arrives from now on is kept from doing harm until `restore`."""
        self._loop = None
        if self._waiter.ident is not None and self._waiter.is_alive():
            signal.pthread_kill(self._waiter.ident, _WAKE_UP)
            self._waiter.join()

    def restore(self) -> None:
        """Leave signals as they were before."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    @contextmanager
    def as_before(self) -> Iterator[None]:
        """Programs started in this block begin with the signals of our own caller."""
        ours = signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, ours)

    def _wait(self) -> None:
        while True:
            info = signal.sigwaitinfo({*FORWARDED, _WAKE_UP})
            if info.si_signo == _WAKE_UP:
                return
            self._tell(signal.Signals(info.si_signo), is_for_all=info.si_code == _FROM_KERNEL)

    def _late(self, number: int, frame: FrameType | None) -> None:
        is_guessed = not _KNOWS_SENDERS and number in _FROM_KEYBOARD and _is_in_foreground()
        self._tell(signal.Signals(number), is_for_all=is_guessed)

    def _tell(self, number: signal.Signals, *, is_for_all: bool) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.arrived.put_nowait, Arrived(number=number, is_for_all=is_for_all))


def _is_in_foreground() -> bool:
    """Of the terminal on standard input."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
