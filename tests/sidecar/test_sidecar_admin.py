from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from unstale.model.errors import ProxyError
from unstale.sidecar.admin import Admin

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nLIVE\n"
STATS = b'{"stats":[{"name":"a.b","value":3},{"name":"text","value":"x"},{"histograms":{}}]}'
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    + b"%x\r\n" % len(STATS[:20])
    + STATS[:20]
    + b"\r\n%x;ext=1\r\n" % len(STATS[20:])
    + STATS[20:]
    + b"\r\n0\r\n\r\n"
)


def _against(answer: bytes, ask: Callable[[Admin], Awaitable[object]]) -> tuple[object, bytes]:
    """What `ask` returns when the other side says `answer`, and what it was asked."""

    async def talk() -> tuple[object, bytes]:
        asked = b""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked = await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "admin.sock"
            async with await asyncio.start_unix_server(serve, str(path)):
                return await ask(Admin(path)), asked

    return asyncio.run(talk())


def test_a_live_envoy_is_ready() -> None:
    answer, asked = _against(PLAIN, lambda admin: admin.is_ready())
    assert answer is True
    assert asked.startswith(b"GET /ready HTTP/1.1\r\n")


def test_an_initializing_envoy_is_not_ready() -> None:
    answer, _ = _against(b"HTTP/1.1 503 x\r\ncontent-length: 4\r\n\r\nINIT", lambda admin: admin.is_ready())
    assert answer is False


def test_an_envoy_that_does_not_listen_yet_is_not_ready(tmp_path: Path) -> None:
    assert asyncio.run(Admin(tmp_path / "none.sock").is_ready()) is False


def test_stats_are_numbers_by_name_even_when_they_come_in_chunks() -> None:
    answer, asked = _against(CHUNKED, lambda admin: admin.stats(r"^a\.b$"))
    assert answer == {"a.b": 3}
    assert asked.startswith(b"GET /stats?format=json&filter=%5Ea%5C.b%24 HTTP/1.1\r\n")


def test_draining_is_a_post() -> None:
    _, asked = _against(PLAIN, lambda admin: admin.drain())
    assert asked.startswith(b"POST /drain_listeners?graceful&skip_exit HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno", r"refused /config_dump \(404"),
        (b"", "does not answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort", "does not answer"),
        (b"nonsense\r\n\r\n", "does not answer"),
    ],
    ids=["refused", "hangs up", "cut short", "not HTTP"],
)
def test_what_is_no_answer_is_a_proxy_error(answer: bytes, message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        _against(answer, lambda admin: admin.config_dump())
