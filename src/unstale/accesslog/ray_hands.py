"""Jobs on Ray: the same functions over the same byte ranges, on the workers of a cluster or of a local one.

A job reads its range itself, through fsspec or a shared file system, and gives sums that add up; so it does not matter
who does it, how often, or in what order. A task whose worker is lost is done again by another. The workers need this
package and, for s3:// and gs://, fsspec's driver.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstale.accesslog.hands import Done, Failed, trace_job
from unstale.accesslog.job import Job, scan_job
from unstale.accesslog.options import Options
from unstale.accesslog.part import Part
from unstale.accesslog.part_scan import PartScan
from unstale.accesslog.result import Progress
from unstale.accesslog.trace import Trace
from unstale.accesslog.uses import Uses
from unstale.model.errors import InputError, MachineError

RETRIES = 20
JOBS_A_TASK = 4


class RayHands:
    """Does jobs as tasks of the Ray that is connected to."""

    def __init__(self, ray: Any, options: Options) -> None:
        self._ray = ray
        self._tell = options.progress
        self._options = replace(options, progress=None)

    def parts(self, jobs: Sequence[Job], total_bytes: int | None) -> Done:
        """The first pass."""
        done: list[Part] = []

        def tell(parts: tuple[list[Part], Part]) -> None:
            done.extend(parts[0])
            if self._tell is not None:
                self._tell(_progress(done, total_bytes))

        found = self._run(scan_batch, jobs, (self._options,), tell)
        parts = [part for batch, _ in found for part in batch]
        return Done(parts=tuple(parts), sums=tuple(sums for _, sums in found))

    def uses(self, jobs: Sequence[Job], failed: Failed) -> list[Uses]:
        """The second pass."""
        return self._run(trace_batch, jobs, (self._ray.put(dict(failed)), self._options), lambda _: None)

    def _run(
        self, work: Callable[..., Any], jobs: Sequence[Job], arguments: tuple[Any, ...], tell: Callable[[Any], None]
    ) -> list[Any]:
        """What the work gives for each batch of jobs, in order."""
        task = self._ray.remote(work).options(max_retries=RETRIES, num_cpus=1, name=f"unstale {work.__name__}")
        batches = [_shared(jobs[at : at + JOBS_A_TASK]) for at in range(0, len(jobs), JOBS_A_TASK)]
        waiting = [task.remote(batch, *arguments) for batch in batches]
        results: dict[Any, Any] = {}
        left = list(waiting)
        try:
            while left:
                ready, left = self._ray.wait(left)
                results[ready[0]] = self._ray.get(ready[0])
                tell(results[ready[0]])
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, InputError):
                raise InputError(str(error.cause)) from error
            raise MachineError(
                f"--on ray: a worker failed ({error.cause}). Is this version of unstale there?"
            ) from error
        except self._ray.exceptions.RayError as error:
            raise MachineError(f"--on ray: {error}. The cluster lost a task more than {RETRIES} times.") from error
        finally:
            for each in left:
                self._ray.cancel(each, force=True)
        return [results[each] for each in waiting]


@contextmanager
def connected(where: str, options: Options) -> Iterator[RayHands]:
    """Hands on `ray` (a local one, started for this) or `ray://host:port`.

    Raises InputError where Ray is not installed or the address is none, MachineError where nobody answers there.
    """
    if where != "ray" and not where.startswith("ray://"):
        raise InputError(
            f"--on {where}: no place to run. Write ray for this machine, or ray://HOST:PORT for a cluster."
        )
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise InputError(f"--on {where}: needs Ray. Install it with: pip install 'unstale[ray]'.") from error
    if ray.is_initialized():
        yield RayHands(ray, options)
        return
    with _without_half_opentelemetry():
        _start(ray, where, options)
        try:
            yield RayHands(ray, options)
        finally:
            ray.shutdown()


def scan_batch(jobs: Sequence[Job], options: Options) -> tuple[list[Part], Part]:
    """Runs on a worker: the parts of some jobs, and their groups and addresses."""
    scanner = PartScan(options)
    parts = [scan_job(job, scanner, options, lambda *_: None, threading.Event()) for job in jobs]
    return parts, scanner.sums()


def trace_batch(jobs: Sequence[Job], failed: Failed, options: Options) -> Uses:
    """Runs on a worker: the uses of failed connections in some jobs' lines."""
    trace = Trace(Uses(failed_s=failed), options)
    for job in jobs:
        trace_job(job, trace, threading.Event())
    return trace.uses


@contextmanager
def _without_half_opentelemetry() -> Iterator[None]:
    """Let a local Ray start although xds-protos is installed beside it.

    xds-protos brings a package `opentelemetry` that holds the protocol's messages only. Ray leaves its metrics out
    where there is no such package, but its agent ends, and the node with it, where there is one without `metrics`. So
    Ray's processes are shown a package that says it is not there.
    """
    if importlib.util.find_spec("opentelemetry") is None or importlib.util.find_spec("opentelemetry.metrics"):
        yield
        return
    before = os.environ.get("PYTHONPATH")
    with tempfile.TemporaryDirectory(prefix="unstale-ray-") as folder:
        package = Path(folder, "opentelemetry")
        package.mkdir()
        (package / "__init__.py").write_text("raise ModuleNotFoundError(__name__)\n")
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, *([before] if before else [])])
        try:
            yield
        finally:
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before


def _start(ray: Any, where: str, options: Options) -> None:
    words: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if where == "ray":
        words |= {"address": "local", "include_dashboard": False, "num_cpus": options.workers or None}
    else:
        words["address"] = where
    try:
        ray.init(**words)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise MachineError(f"--on {where}: no Ray answers there ({error}). Check the address and its port.") from error


def _shared(jobs: Sequence[Job]) -> list[Job]:
    """The jobs as another process finds their files."""
    return [
        job
        if job.source.is_remote
        else replace(job, source=replace(job.source, name=str(Path(job.source.name).absolute())))
        for job in jobs
    ]


def _progress(parts: Sequence[Part], total_bytes: int | None) -> Progress:
    return Progress(
        done_bytes=sum(part.size_bytes for part in parts),
        total_bytes=total_bytes,
        lines=sum(part.total for part in parts),
        rows=sum(part.rows for part in parts),
        failed=sum(part.failed for part in parts),
    )
