"""A piece of a scan that needs nothing but its range and the options, so that any thread or machine can do it."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from unstale.accesslog.blocks import ahead, line_start, range_blocks, stream_blocks
from unstale.accesslog.crew import Report
from unstale.accesslog.history import History
from unstale.accesslog.options import Options
from unstale.accesslog.packed import unpacked_blocks
from unstale.accesslog.part import Part
from unstale.accesslog.part_scan import PartScan
from unstale.accesslog.paste import SMALL_BYTES
from unstale.accesslog.remote import open_remote
from unstale.accesslog.small_scan import scan_small
from unstale.accesslog.sources import Packing, Source
from unstale.model.errors import InputError

RANGE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Bytes `start` to `end` of a source (which begin in the middle of lines), or all of it where `end` is None."""

    source: Source
    start: int = 0
    end: int | None = None


def jobs_of(source: Source) -> list[Job]:
    """The jobs that read a source once, in the order of its lines."""
    size = source.size_bytes
    if size is None or not source.is_seekable or size <= SMALL_BYTES:
        return [Job(source=source)]
    return [
        Job(source=source, start=start, end=min(start + RANGE_BYTES, size)) for start in range(0, size, RANGE_BYTES)
    ]


def scan_job(job: Job, scanner: PartScan, options: Options, report: Report, stop: threading.Event) -> Part:
    """The sums over a job's lines. `report` gets bytes, lines, rows and failures so far.

    Raises InputError where the source cannot be read, or is damaged.
    """
    with opened(job.source) as stream:
        blocks = job_blocks(job, stream, stop)
        first = b""
        if job.end is None:
            first, is_all = _first(blocks)
            if is_all:
                part = scan_small(first, options)
                report(len(first), part.total, part.rows, part.failed)
                return part
        scanner.begin()
        history = History(scanner, options) if job.source.is_stdin and options.is_traced else None
        for block in itertools.chain([first] if first else [], blocks):
            scanner.feed(block)
            if history is not None:
                history.keep(block)
            report(*scanner.counts)
            if stop.is_set():
                break
        if history is not None:
            history.settle()
        return scanner.finish()


def _first(blocks: Iterator[memoryview | bytes]) -> tuple[bytes, bool]:
    """The first blocks, until they are more than a small input holds; and whether they are all there is."""
    first = b""
    for block in blocks:
        first += bytes(block)
        if len(first) > SMALL_BYTES:
            return first, False
    return first, True


def job_blocks(job: Job, stream: IO[bytes], stop: threading.Event) -> Iterator[memoryview | bytes]:
    """The blocks of whole lines of a job."""
    if job.end is not None and job.source.size_bytes is not None:
        size = job.source.size_bytes
        return range_blocks(stream, line_start(stream, job.start, size), line_start(stream, job.end, size))
    if job.source.packing is not Packing.PLAIN:
        blocks = unpacked_blocks(stream, job.source.packing, job.source.name)
        # On one core a second thread would only push the blocks out of its cache.
        return ahead(blocks, stop) if len(os.sched_getaffinity(0)) > 1 else blocks
    return stream_blocks(lambda view: int(stream.readinto(view) or 0))  # type: ignore[attr-defined]


@contextmanager
def opened(source: Source) -> Iterator[IO[bytes]]:
    """The source's bytes as stored."""
    try:
        if source.name == "-":
            yield sys.stdin.buffer
        elif source.is_remote:
            with open_remote(source.name) as stream:
                yield stream
        else:
            with Path(source.name).open("rb", buffering=0) as stream:
                yield stream
    except OSError as error:
        raise InputError(f"{source.name}: cannot be read ({error}). Give a log file that you may read.") from error
