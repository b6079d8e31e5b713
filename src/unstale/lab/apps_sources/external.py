"""A program in another language as an application of the lab: it makes the requests, the lab keeps their time.

The program reads its settings and then request ids, line by line, and answers in lines of JSON as results come. What
is compiled goes once into the user's cache; the name of the result is the hash of its source, and of the compiler.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from unstale.lab.program import Answer, FailedError, Load, Note
from unstale.lab.threads import send
from unstale.model.errors import MachineError

MOST_BUILD_S = 300.0
MOST_START_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`source` is a file beside this one, `build` compiles it into a folder, `start` is what runs it there."""

    source: str
    start: Callable[[Path], Sequence[str]]
    build: Callable[[Path, Path], Sequence[str]] | None = None
    version: Sequence[str] = ()

    def folder(self) -> Path:
        """The folder with what `start` runs. Compiles unless that was done; MachineError has the compiler's words."""
        text = files("unstale.lab.apps_sources").joinpath(self.source).read_bytes()
        version = subprocess.run(self.version, capture_output=True, check=False).stdout if self.version else b""
        folder = _cache() / hashlib.sha256(text + version).hexdigest()[:16]
        if not folder.exists():
            self._build(text, folder)
        return folder

    def _build(self, text: bytes, folder: Path) -> None:
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        source = unfinished / self.source
        source.write_bytes(text)
        if self.build is not None:
            # What a build would fetch is not there: nothing but the language's own library is used.
            env = {**os.environ, "GOPROXY": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}
            command = self.build(source, unfinished)
            done = subprocess.run(
                command, cwd=unfinished, env=env, capture_output=True, text=True, timeout=MOST_BUILD_S, check=False
            )
            if done.returncode:
                shutil.rmtree(unfinished)
                said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
                raise MachineError(f"lab: {self.source} does not compile with {command[0]} ({said[-1]}).")
        try:
            unfinished.rename(folder)
        except OSError:
            shutil.rmtree(unfinished)  # another cell was first


class External:
    """A language's client as `default`, with what the language does by itself, or `recommended`.

    It is started before the load: a JVM takes seconds to load the classes that its first request needs, on a busy
    machine more than the patience of that request, and the start of a program is nobody's stale connection.
    """

    def __init__(self, *, language: Language, variant: str) -> None:
        self._language = language
        self._variant = variant
        self._child: _Child | None = None

    def prepare(self, load: Load) -> None:
        """Compile what was not yet compiled, start the program and wait until it is ready. Raises MachineError."""
        self._child = _Child([*self._language.start(self._language.folder()), self._variant], load)
        self._child.wait()

    def send(self, load: Load, start: float, note: Note) -> None:
        """Send the whole load by the program that `prepare` started."""
        child, self._child = self._child, None
        assert child is not None
        send(load, start, note, lambda _, names: _Turn(child))
        child.close()


class _Child:
    """The running program; answers find the thread that waits for them."""

    def __init__(self, command: Sequence[str], load: Load) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._waiting: dict[str, queue.SimpleQueue[dict[str, Any]]] = {}
        self._turn = threading.Lock()
        self._is_ready = threading.Event()
        self._patience_s = load.timeout_s + 10.0
        settings = {
            "url": f"{load.scheme}://{load.authority}/orders",
            "host": load.host,
            "method": load.method,
            "body": load.body.decode() if load.body is not None else None,
            "headers": {"user-agent": "unstale-lab", **load.headers},
            "timeout_s": load.timeout_s,
            "ttl_s": load.ttl_s,
            "ca": str(load.ca) if load.ca else "",
        }
        self._tell(json.dumps(settings))
        threading.Thread(target=self._listen, daemon=True).start()

    def wait(self) -> None:
        """Wait until the program can take requests."""
        if not self._is_ready.wait(MOST_START_S):
            self._process.kill()
            raise MachineError(f"lab: the application's program did not start within {MOST_START_S:.0f} s.")

    def exchange(self, request_id: str) -> Answer:
        got: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        with self._turn:
            self._waiting[request_id] = got
            self._tell(request_id)
        try:
            answer = got.get(timeout=self._patience_s)
        except queue.Empty:
            raise FailedError("the program gave no answer") from None
        if answer["error"] or not answer["status"]:
            raise FailedError(str(answer["error"]))
        return Answer(status=int(answer["status"]), body_bytes=int(answer["bytes"]))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise FailedError("the program ended") from None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            if "ready" in answer:
                self._is_ready.set()
                continue
            with self._turn:
                waiting = self._waiting.pop(answer["id"], None)
            if waiting is not None:
                waiting.put(answer)


class _Turn:
    """One thread's use of the program."""

    address = ""

    def __init__(self, child: _Child) -> None:
        self._child = child

    def exchange(self, request_id: str) -> Answer:
        return self._child.exchange(request_id)

    def close(self) -> None:
        """The program closes its connections itself."""


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "unstale" / "apps"


GO = Language(
    source="client.go",
    build=lambda source, folder: ("go", "build", "-o", str(folder / "client"), str(source)),
    start=lambda folder: (str(folder / "client"),),
    version=("go", "version"),
)
JAVA = Language(
    source="Client.java",
    build=lambda source, folder: ("javac", "-d", str(folder), str(source)),
    # One small program: no time for the optimizing compiler to pay.
    start=lambda folder: ("java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", str(folder), "Client"),
    version=("java", "-version"),
)
NODE = Language(source="client.mjs", start=lambda folder: ("node", str(folder / "client.mjs")))
