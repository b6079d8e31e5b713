"""What only httpx has: HTTP/2, Unix sockets, trace and the rest of its own behaviour."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import trustme
from fault_server import Do, Server
from http2_server import Http2Server

from unstale.clients.httpx import AsyncFreshTransport, FreshTransport
from unstale.clients.policy import Policy, Retirement


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def http2(authority: trustme.CA) -> Iterator[Http2Server]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with Http2Server(tls) as server:
        yield server


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    return tls


def test_http2_requests_share_one_connection(http2: Http2Server, trust: ssl.SSLContext) -> None:
    transport = FreshTransport(verify=trust, http2=True)
    with httpx.Client(transport=transport) as client:
        answers = [client.get(f"https://127.0.0.1:{http2.port}/") for _ in range(3)]
        assert [(answer.http_version, answer.text) for answer in answers] == [("HTTP/2", str(n)) for n in (1, 2, 3)]
        assert http2.connections == 1
        assert transport.metrics.requests == 3
    assert transport.metrics.open == {}


def test_an_http2_connection_that_was_closed_while_idle_takes_no_request(
    http2: Http2Server, trust: ssl.SSLContext
) -> None:
    transport = FreshTransport(verify=trust, http2=True)
    target = f"https://127.0.0.1:{http2.port}/"
    with httpx.Client(transport=transport) as client:
        client.get(target)
        http2.end_idle()
        assert client.post(target, content=b"1").text == "2"
        assert (http2.connections, transport.metrics.repeats) == (2, 0)
        assert transport.metrics.retired == {Retirement.CLOSED_BY_PEER: 1}


def test_plain_httpx_sends_on_the_closed_http2_connection(http2: Http2Server, trust: ssl.SSLContext) -> None:
    target = f"https://127.0.0.1:{http2.port}/"
    with httpx.Client(transport=httpx.HTTPTransport(verify=trust, http2=True)) as client:
        client.get(target)
        http2.end_idle()
        with pytest.raises(httpx.TransportError):
            client.post(target, content=b"1")


def test_an_http2_get_that_was_cut_is_repeated_and_a_post_is_not(http2: Http2Server, trust: ssl.SSLContext) -> None:
    transport = FreshTransport(verify=trust, http2=True)
    target = f"https://127.0.0.1:{http2.port}/"
    with httpx.Client(transport=transport) as client:
        client.get(target)
        http2.plan.append("hang up")
        assert client.get(target).text == "3"
        http2.plan.append("hang up")
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(target, content=b"1")
        assert http2.requests == 4


def test_a_stream_that_the_server_reset_is_told_and_the_connection_stays(
    http2: Http2Server, trust: ssl.SSLContext
) -> None:
    transport = FreshTransport(verify=trust, http2=True)
    target = f"https://127.0.0.1:{http2.port}/"
    with httpx.Client(transport=transport) as client:
        client.get(target)
        http2.plan.append("refuse")
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(target)
        assert client.get(target).text == "3"
        assert (http2.connections, transport.metrics.repeats) == (1, 0)


def test_http2_streams_run_side_by_side_on_one_connection(http2: Http2Server, trust: ssl.SSLContext) -> None:
    transport = AsyncFreshTransport(verify=trust, http2=True)

    async def run() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=transport) as client:
            return await asyncio.gather(*(client.get(f"https://127.0.0.1:{http2.port}/") for _ in range(8)))

    assert {answer.http_version for answer in asyncio.run(run())} == {"HTTP/2"}
    assert (http2.connections, transport.metrics.requests) == (1, 8)
    assert transport.metrics.open == {}


def test_a_cancelled_request_leaves_no_connection_behind() -> None:
    transport = AsyncFreshTransport()

    async def run(server: Server) -> str:
        async with httpx.AsyncClient(transport=transport) as client:
            target = f"http://127.0.0.1:{server.port}/"
            server.plan.append(Do.STAY_SILENT)
            task = asyncio.create_task(client.get(target))
            while not server.seen:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert transport.metrics.open == {}
            return (await client.get(target)).text

    with Server() as server:
        assert asyncio.run(run(server)) == "127.0.0.1"
    assert transport.metrics.repeats == 0


def test_a_response_that_is_left_unread_gives_its_connection_up() -> None:
    transport = FreshTransport()
    with Server() as server, httpx.Client(transport=transport) as client:
        target = f"http://127.0.0.1:{server.port}/"
        with client.stream("GET", target):
            pass
        assert transport.metrics.open == {}
        assert client.get(target).text == "127.0.0.1"


def test_a_body_from_an_iterator_is_never_sent_twice() -> None:
    with Server() as server, httpx.Client(transport=FreshTransport()) as client:
        target = f"http://127.0.0.1:{server.port}/"
        client.get(target)
        server.plan.append(Do.HANG_UP)
        with pytest.raises(httpx.RemoteProtocolError):
            client.put(target, content=iter([b"a", b"b"]))
        assert len(server.seen) == 2


def test_httpx_own_keepalive_expiry_holds_too() -> None:
    transport = FreshTransport(limits=httpx.Limits(keepalive_expiry=0.0))
    with Server() as server, httpx.Client(transport=transport) as client:
        for _ in range(2):
            client.get(f"http://127.0.0.1:{server.port}/")
        assert server.connections == 2


def test_a_unix_socket_is_left_to_httpx(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    transport = FreshTransport(uds=path)
    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor(1) as threads:
        listener.bind(path)
        listener.listen()
        served = threads.submit(_answer_once, listener)
        with httpx.Client(transport=transport) as client:
            assert client.get("http://shop.test/").text == "ok"
        served.result()
    assert transport.metrics.opened == {}


def _answer_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_a_proxy_may_be_given_in_every_form_that_httpx_knows() -> None:
    with Server() as server:
        address = f"http://127.0.0.1:{server.port}"
        for proxy in (address, httpx.URL(address), httpx.Proxy(address, auth=("user", "secret"))):
            with httpx.Client(transport=FreshTransport(proxy=proxy)) as client:
                assert client.get("http://shop.test/").text == "127.0.0.1"


def test_a_policy_without_idle_limit_takes_httpx_own() -> None:
    transport = FreshTransport(policy=Policy(max_idle_s=None), limits=httpx.Limits(keepalive_expiry=7))
    assert transport._ledger.policy.max_idle_s == 7
    transport.close()
