"""Scan logs: every line counted, every failing row kept, and the history of the connections that failed.

The work is cut into jobs: a byte range of a file, or a whole stream. What jobs give adds up, so the result is the same
for any number of threads here (the compiled scanner holds no lock), and for any number of machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unstale.accesslog.addition import Counted, add_up
from unstale.accesslog.hands import Hands, Threads
from unstale.accesslog.job import Job, jobs_of
from unstale.accesslog.options import Options
from unstale.accesslog.part import Part
from unstale.accesslog.paste import SMALL_BYTES
from unstale.accesslog.ray_hands import connected
from unstale.accesslog.result import Failure, Scan
from unstale.accesslog.sources import Source, find_sources
from unstale.accesslog.uses import Connection, Uses, connection_of, is_broken, wanted
from unstale.model.collector import without_collector
from unstale.model.errors import InputError


def scan(inputs: Sequence[str], options: Options | None = None, *, on: str = "") -> Scan:
    """Scan files, folders, URLs and `-`, here or `on` Ray (`ray`, `ray://host:port`).

    Raises InputError naming an input that is not there, cannot be read, or is damaged; MachineError where Ray fails.
    """
    options = options or Options()
    sources = find_sources(inputs)
    if not on:
        with without_collector():
            return scan_sources(sources, options, Threads(options))
    if any(source.is_stdin for source in sources):
        raise InputError(f"-: standard input cannot be read by other machines (--on {on}). Give files that they reach.")
    with connected(on, options) as hands:
        return scan_sources(sources, options, hands)


def scan_sources(sources: Sequence[Source], options: Options, hands: Hands) -> Scan:
    """The scan of these sources, by these hands."""
    jobs = [job for source in sources for job in jobs_of(source)]
    done = hands.parts(jobs, _total_bytes(sources))
    whole = add_up(_counted(sources, jobs, done.parts), done.sums, options)
    failed = wanted(failure.row for failure in whole.failures if not failure.is_traced) if options.is_traced else {}
    if not failed:
        return whole
    uses = _small_uses(done.parts, failed)
    for more in hands.uses([job for job in jobs if _is_read_again(job)], failed):
        uses.merge(more)
    return _with_history(whole, uses)


def _total_bytes(sources: Sequence[Source]) -> int | None:
    """The size of all that is to be read, None where a stream or a compressed file is among it."""
    sizes = [source.size_bytes for source in sources if source.is_seekable and source.size_bytes is not None]
    return sum(sizes) if len(sizes) == len(sources) else None


def _counted(sources: Sequence[Source], jobs: Sequence[Job], parts: Sequence[Part]) -> list[Counted]:
    pairs = list(zip(jobs, parts, strict=True))
    return [
        Counted(name=source.name, parts=tuple(part for job, part in pairs if job.source is source))
        for source in sources
    ]


def _is_read_again(job: Job) -> bool:
    """Whether a second pass can read the job's lines: not a stream's, and not a small input's, which are still held."""
    size = job.source.size_bytes
    return not job.source.is_stdin and size is not None and (size > SMALL_BYTES or not job.source.is_seekable)


def _small_uses(parts: Sequence[Part], failed: dict[Connection, tuple[float, ...]]) -> Uses:
    """The uses of failed connections in small inputs, whose rows are all at hand."""
    uses = Uses(failed_s=failed)
    for part in parts:
        for row in part.small_rows:
            uses.add(row)
    return uses


def _with_history(whole: Scan, uses: Uses) -> Scan:
    """The scan with the history of every failed connection."""
    broken = wanted(failure.row for failure in whole.failures if is_broken(failure.row))
    return replace(whole, failures=tuple(_with_previous(each, uses, broken) for each in whole.failures))


def _with_previous(failure: Failure, uses: Uses, broken: dict[Connection, tuple[float, ...]]) -> Failure:
    connection = connection_of(failure.row)
    if failure.is_traced or connection is None:
        return failure
    previous = uses.before(failure.row, broken.get(connection, ()))
    return replace(failure, previous=previous, is_traced=True)
