"""Threads that do jobs, while the caller's thread tells how far they are.

The caller's callback is called on the caller's thread only, and an interrupt reaches the caller at once: threads look
at `stop` after every block.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from unstale.accesslog.options import Options
from unstale.accesslog.result import Progress

Done = TypeVar("Done")
# Every message wakes the caller's thread, which then takes the interpreter lock from a scanner that wants it back.
TELL_EVERY_S = 0.05
Counts = tuple[int, int, int, int]
Report = Callable[[int, int, int, int], None]
Work = Callable[[Report, threading.Event], Done]


class Crew(Generic[Done]):
    """As many threads as the options say. `total_bytes` is what Progress is told to be the whole."""

    def __init__(self, *, options: Options, total_bytes: int | None) -> None:
        self._workers = options.workers or len(os.sched_getaffinity(0))
        self._tell = options.progress
        self._total_bytes = total_bytes
        self._counts: dict[int, Counts] = {}

    def run(self, works: Sequence[Work[Done]]) -> list[Done]:
        """What each of the works gives, in their order. The first error of one of them stops all and is raised."""
        stop = threading.Event()
        news: queue.SimpleQueue[tuple[int, Counts] | None] = queue.SimpleQueue()
        with ThreadPoolExecutor(max(1, min(self._workers, len(works))), "scan") as pool:
            futures = [pool.submit(self._one, number, work, news, stop) for number, work in enumerate(works)]
            try:
                self._watch(futures, news)
                return [future.result() for future in futures]
            finally:
                stop.set()
                for future in futures:
                    future.cancel()

    def _one(
        self,
        number: int,
        work: Work[Done],
        news: queue.SimpleQueue[tuple[int, Counts] | None],
        stop: threading.Event,
    ) -> Done:
        last: list[Counts] = []
        told_s = 0.0

        def report(*counts: int) -> None:
            nonlocal told_s
            last[:] = [(counts[0], counts[1], counts[2], counts[3])]
            now_s = time.monotonic()
            if self._tell is not None and now_s - told_s >= TELL_EVERY_S:
                told_s = now_s
                news.put((number, last[0]))

        try:
            return work(report, stop)
        finally:
            if last:
                news.put((number, last[0]))
            news.put(None)

    def _watch(self, futures: Sequence[Future[Done]], news: queue.SimpleQueue[tuple[int, Counts] | None]) -> None:
        left = len(futures)
        while left:
            item = news.get()
            if item is None:
                left -= 1
                if any(each.done() and each.exception() is not None for each in futures):
                    return
                continue
            self._counts[item[0]] = item[1]
            if self._tell is not None:
                self._tell(self._progress())

    def _progress(self) -> Progress:
        done, lines, rows, failed = (sum(each) for each in zip(*self._counts.values(), strict=True))
        return Progress(done_bytes=done, total_bytes=self._total_bytes, lines=lines, rows=rows, failed=failed)
