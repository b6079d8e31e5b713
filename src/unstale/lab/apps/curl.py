"""curl, as a foreign client: one process a connection, each with a list of requests that it sends one after the other.

curl keeps its own pace (`--rate`) and its own connections; the lab only reads what it reports. Its loop is closed: a
request that hangs makes the next ones late without their latency saying so.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from unstale.lab.apps import KEEP_ALIVE, SHORT_LIVED
from unstale.lab.ledger import Request
from unstale.lab.names import sleep_until
from unstale.lab.program import NOT_SENT, Load, Note, Program
from unstale.sidecar.programs import find

_REPORT = "%{stderr}%{http_code} %{time_total} %{size_download} %{errormsg}\\n"


def send(load: Load, start: float, note: Note) -> None:
    """Deal the requests to one curl for each connection and read what they report."""
    count = load.pace.connections
    numbers = range(round(load.pace.rate * load.pace.duration_s))
    with tempfile.TemporaryDirectory() as folder:
        threads = []
        for at in range(count):
            mine = numbers[at::count]
            if not mine:
                continue
            config = Path(folder) / f"{at}.curl"
            config.write_text("\nnext\n".join("\n".join(_request(load, number, folder)) for number in mine))
            threads.append(threading.Thread(target=_run, args=(load, start, config, mine, note)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _run(load: Load, start: float, config: Path, numbers: Sequence[int], note: Note) -> None:
    sleep_until(start)
    pace = max(1, round(load.pace.rate / load.pace.connections * 60))
    command = [find("curl"), "--silent", "--rate", f"{pace}/m", "--config", str(config)]
    waiting = list(numbers)
    # Its standard error, since curl keeps what it writes to a pipe until the end.
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            note(_ended(waiting.pop(0), line))
            if time.monotonic() > start + load.pace.duration_s + load.timeout_s:
                running.kill()
                break
    now = time.monotonic()
    for number in waiting:
        note(_row(number, sent=now, ended=now, status=0, size=0, error=NOT_SENT))


def _request(load: Load, number: int, folder: str) -> Iterator[str]:
    yield f'url = "{load.scheme}://{load.host}:{load.port}/orders/{number:06d}"'
    yield 'output = "/dev/null"'
    yield f'write-out = "{_REPORT}"'
    yield f"max-time = {load.timeout_s:g}"
    yield f"request = {load.method}"
    yield f'header = "x-request-id: {number:06d}"'
    for name, value in load.headers.items():
        yield f'header = "{name}: {value}"'
    if load.habit.closes:
        yield 'header = "connection: close"'
    if load.ca is not None:
        yield f'cacert = "{load.ca}"'
    if load.body is not None:
        body = Path(folder) / "body"
        if not body.exists():
            body.write_bytes(load.body)
        yield f'data-binary = "@{body}"'


def _ended(number: int, line: str) -> Request:
    status, took_s, size, *error = line.rstrip("\n").split(" ", 3)
    ended = time.monotonic()
    return _row(
        number,
        sent=ended - float(took_s),
        ended=ended,
        status=int(status),
        size=int(size),
        error="".join(error) if status == "000" else "",
    )


def _row(number: int, *, sent: float, ended: float, status: int, size: int, error: str) -> Request:
    return Request(
        id=f"{number:06d}", due=sent, sent=sent, ended=ended, late_s=0.0, status=status, body_bytes=size, error=error
    )


APP = Program(send=send, needs=("curl",), habits=(KEEP_ALIVE, SHORT_LIVED))
