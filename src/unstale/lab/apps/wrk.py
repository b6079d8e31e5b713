"""wrk, as a foreign client: one thread and all connections, held to the lab's rate by a delay between requests.

wrk knows its answers but not to which request each belongs, so its ledger has statuses without ids and is held against
the log by their number. Its loop is closed; errors that it does not tell apart are counted as its summary counts them.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from unstale.lab.apps import KEEP_ALIVE, SHORT_LIVED
from unstale.lab.ledger import Request
from unstale.lab.names import sleep_until
from unstale.lab.program import Load, Note, Program
from unstale.sidecar.programs import find

_SCRIPT = """
local number = 0
function request()
  wrk.headers["x-request-id"] = string.format("%06d", number)
  number = number + 1
  return wrk.format(nil, string.format("/orders/%06d", number - 1))
end
function delay() return DELAY end
function response(status, headers, body)
  io.stdout:write(string.format("answer %d %d\\n", status, #body))
  io.stdout:flush()
end
function done(summary)
  local e = summary.errors
  io.stdout:write(string.format("errors connect %d\\nerrors read %d\\nerrors write %d\\nerrors timeout %d\\n",
    e.connect, e.read, e.write, e.timeout))
end
"""


def send(load: Load, start: float, note: Note) -> None:
    """Run wrk for the whole load and read each answer as it is told."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(_settings(load) + _SCRIPT.replace("DELAY", str(_delay_ms(load))))
        sleep_until(start)
        with subprocess.Popen(_command(load, script), stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            count = 0
            for line in running.stdout:
                words = line.split()
                if words[:1] == ["answer"]:
                    note(_row(count, status=int(words[1]), size=int(words[2]), error=""))
                    count += 1
                elif words[:1] == ["errors"]:
                    for _ in range(int(words[2])):
                        note(_row(count, status=0, size=0, error=f"wrk: {words[1]} error"))
                        count += 1


def _command(load: Load, script: Path) -> list[str]:
    seconds = max(1, round(load.pace.duration_s))
    return [
        find("wrk"),
        *("--threads", "1", "--connections", str(load.pace.connections), "--duration", f"{seconds}s"),
        *("--timeout", f"{max(1, round(load.timeout_s))}s", "--script", str(script)),
        f"http://{load.host}:{load.port}",
    ]


def _settings(load: Load) -> str:
    lines = [f'wrk.method = "{load.method}"']
    if load.body is not None:
        lines.append(f'wrk.body = "{load.body.decode().replace(chr(34), chr(92) + chr(34))}"')
    if load.habit.closes:
        lines.append('wrk.headers["connection"] = "close"')
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in load.headers.items()]
    return "\n".join(lines) + "\n"


def _delay_ms(load: Load) -> int:
    return max(1, round(1000 * load.pace.connections / load.pace.rate))


def _row(number: int, *, status: int, size: int, error: str) -> Request:
    now = time.monotonic()
    return Request(
        id=f"{number:06d}", due=now, sent=now, ended=now, late_s=0.0, status=status, body_bytes=size, error=error
    )


APP = Program(send=send, needs=("wrk",), habits=(KEEP_ALIVE, SHORT_LIVED), has_ids=False)
