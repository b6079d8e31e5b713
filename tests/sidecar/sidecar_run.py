"""Start `unstale sidecar` as root or as an ordinary user, and find the processes that belong to it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path

import unstale
from unstale.sidecar.programs import find

HERE = Path(__file__).parent
ORDINARY_ID = 12345
"""A user that nobody is."""

USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
PATIENCE_S = 20


def manifests(web_port: int, *, more: str = "", host: str = "web.test", address: str = "203.0.113.80") -> str:
    """One HTTP host with an address of its own, served by a port of this machine's loopback."""
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: web}}
spec:
  hosts: [{host}]
  addresses: ["{address}"]
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  endpoints: [{{address: 127.0.0.1, ports: {{http: {web_port}}}}}]
{more}"""


@cache
def python_of(user: str) -> str:
    """A Python that the user may execute, of the version that the libraries here were installed for."""
    if user == "root" or os.geteuid() != 0:
        return sys.executable
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, "/usr/bin/python3", f"/usr/local/bin/python{wanted}"):
        words = [*as_user(user), path, "-c", "import sys, encodings; print('%d.%d' % sys.version_info[:2])"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as trial:
            if trial.communicate()[0].strip() == wanted and os.access(path, os.X_OK) and _is_reachable(path):
                return path
    raise AssertionError(f"an ordinary user needs a Python {wanted} outside of /root; there is none")


def as_user(user: str) -> list[str]:
    """The command prefix that gives up root."""
    if user == "root" or os.geteuid() != 0:
        return []
    return [find("setpriv"), f"--reuid={ORDINARY_ID}", f"--regid={ORDINARY_ID}", "--clear-groups"]


def environment(user: str) -> dict[str, str]:
    """What makes this very code run, wherever the Python is."""
    source = Path(unstale.__file__).parent.parent
    libraries = sysconfig.get_path("purelib")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "UNSTALE_ENVOY") if name in os.environ}
    return {**kept, "PYTHONPATH": f"{source}:{libraries}:{HERE}", "HOME": "/tmp", "CALLERS_OWN": user}


@contextmanager
def folder_for(user: str) -> Iterator[Path]:
    """A folder with a short path that the user may write."""
    with tempfile.TemporaryDirectory(prefix="us-") as name:
        if user == "ordinary" and os.geteuid() == 0:
            os.chown(name, ORDINARY_ID, ORDINARY_ID)
        yield Path(name)


def words_of(user: str, options: Sequence[str], command: Sequence[str]) -> list[str]:
    """The whole command line."""
    start = [*as_user(user), python_of(user), "-m", "unstale.cli.main", "sidecar", *options]
    return [*start, *(["--", *command] if command else [])]


@asynccontextmanager
async def started(user: str, folder: Path, options: Sequence[str], command: Sequence[str]) -> AsyncIterator[Process]:
    """The running command; whatever is left of it at the end is killed."""
    running = await asyncio.create_subprocess_exec(
        *words_of(user, options, command),
        cwd=folder,
        env=environment(user),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def finished(user: str, folder: Path, options: Sequence[str], command: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, output and complaints of a whole run."""
    async with started(user, folder, options, command) as running, asyncio.timeout(PATIENCE_S):
        output, complaints = await running.communicate()
    assert running.returncode is not None
    return running.returncode, output.decode(), complaints.decode()


async def line(stream: asyncio.StreamReader | None, *, until: Callable[[str], bool] = bool) -> str:
    """The next line for which `until` is true."""
    assert stream is not None
    seen = []
    async with asyncio.timeout(PATIENCE_S):
        while text := (await stream.readline()).decode():
            seen.append(text)
            if until(text):
                return text.strip()
    raise AssertionError("".join(seen) or "ended without a word")


def children(pid: int) -> dict[str, int]:
    """The children of a process by the name of their program."""
    found: dict[str, int] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            name = Path(os.fsdecode(words[0])).name
            if b"unstale.sidecar.holder" in words:
                name = "holder"
            if b'read line; kill -KILL "$0"' in words:
                name = "heir"
            found[name] = int(child)
    return found


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] not in ("Z", "X")
    except OSError:
        return False


async def all_end(pids: Sequence[int]) -> None:
    """Wait until none of them runs."""
    async with asyncio.timeout(PATIENCE_S):
        while any(is_alive(pid) for pid in pids):
            await asyncio.sleep(0.01)


def present(*programs: str) -> dict[str, str]:
    """Those of the programs that are installed, with their paths."""
    return {name: path for name in programs if (path := shutil.which(name))}


def _is_reachable(path: str) -> bool:
    """Every folder on the way may be entered by others."""
    return all(folder.stat().st_mode & 0o001 for folder in Path(path).resolve().parents)
