"""Who does the jobs of a scan: threads of this process, or workers elsewhere (`ray_hands`)."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from unstale.accesslog.crew import Crew, Report
from unstale.accesslog.job import Job, job_blocks, opened, scan_job
from unstale.accesslog.options import Options
from unstale.accesslog.part import Part
from unstale.accesslog.part_scan import PartScan
from unstale.accesslog.trace import Trace
from unstale.accesslog.uses import Connection, Uses

Failed = Mapping[Connection, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What jobs gave: a part for each, in their order, and the groups and addresses of all of them."""

    parts: tuple[Part, ...]
    sums: tuple[Part, ...]


class Hands(Protocol):
    """Does jobs, anywhere."""

    def parts(self, jobs: Sequence[Job], total_bytes: int | None) -> Done:
        """The first pass."""

    def uses(self, jobs: Sequence[Job], failed: Failed) -> list[Uses]:
        """The second pass: the uses of the connections that failed."""


class Threads:
    """Does jobs on threads of this process. A job takes a scanner that is free, or a new one."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._free: list[PartScan] = []
        self._all: list[PartScan] = []

    def parts(self, jobs: Sequence[Job], total_bytes: int | None) -> Done:
        """The first pass."""
        crew = Crew[Part](options=self._options, total_bytes=total_bytes)
        parts = crew.run([partial(self._scan, job) for job in jobs])
        for other in self._all[1:]:
            self._all[0].absorb(other)
        return Done(parts=tuple(parts), sums=tuple(scanner.sums() for scanner in self._all))

    def uses(self, jobs: Sequence[Job], failed: Failed) -> list[Uses]:
        """The second pass."""
        traces: list[Trace] = []
        free: list[Trace] = []

        def one(job: Job, _: Report, stop: threading.Event) -> None:
            try:
                trace = free.pop()
            except IndexError:
                trace = Trace(Uses(failed_s=failed), self._options)
                traces.append(trace)
            trace_job(job, trace, stop)
            free.append(trace)

        crew = Crew[None](options=replace(self._options, progress=None), total_bytes=None)
        crew.run([partial(one, job) for job in jobs])
        return [trace.uses for trace in traces]

    def _scan(self, job: Job, report: Report, stop: threading.Event) -> Part:
        try:
            scanner = self._free.pop()
        except IndexError:
            scanner = PartScan(self._options)
            self._all.append(scanner)
        part = scan_job(job, scanner, self._options, report, stop)
        self._free.append(scanner)
        return part


def trace_job(job: Job, trace: Trace, stop: threading.Event) -> None:
    """Count the uses of failed connections in a job's lines."""
    with opened(job.source) as stream:
        for block in job_blocks(job, stream, stop):
            trace.feed(block)
            if stop.is_set():
                break
