"""What the adapters keep of each library's own: pickling, cancellation, tunnels, client certificates, imports."""

from __future__ import annotations

import asyncio
import pickle
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest
import requests
import trustme
import urllib3
from client_drivers import DRIVERS, Asked
from fault_server import Do, Server
from tunnel_proxy import Tunnel

from unstale.clients.aiohttp import FreshConnector
from unstale.clients.aiohttp_exchange import Handler, IdleSince
from unstale.clients.aiohttp_parameters import KNOWN, WRITTEN_OUT, Packed, WrittenOut, handler_for
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Policy
from unstale.clients.requests import FreshAdapter
from unstale.clients.urllib3 import FreshPoolManager
from unstale.clients.urllib3_connection import FreshConnection


def test_a_session_is_pickled_with_its_policy_and_without_its_connections() -> None:
    session = requests.Session()
    session.mount("http://", FreshAdapter(policy=Policy(max_requests=7), max_retries=2))
    copy = pickle.loads(pickle.dumps(session))
    adapter = copy.get_adapter("http://shop.test")
    assert isinstance(adapter, FreshAdapter)
    assert adapter.metrics.requests == 0
    with Server() as server:
        assert copy.get(f"http://127.0.0.1:{server.port}/").text == "127.0.0.1"
        assert adapter.metrics.requests == 1
    copy.close()


def test_a_file_is_sent_again_from_where_it_stood(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"skipped,sent")
    with Server() as server, FreshPoolManager(retries=False) as http, (tmp_path / "body").open("rb") as body:
        target = f"http://127.0.0.1:{server.port}/"
        http.request("GET", target)
        server.plan.append(Do.HANG_UP)
        body.seek(8)
        http.request("PUT", target, body=body)
        assert [seen.body for seen in server.seen] == [b"", b"sent", b"sent"]


def test_an_iterator_is_never_sent_twice() -> None:
    with Server() as server, FreshPoolManager(retries=False) as http:
        target = f"http://127.0.0.1:{server.port}/"
        http.request("GET", target)
        server.plan.append(Do.HANG_UP)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            http.request("PUT", target, body=iter([b"a"]))
        assert len(server.seen) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_tls_that_ends_while_a_request_is_written_is_a_cut(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [ssl.SSLEOFError(8, "EOF occurred in violation of protocol")]
    send = FreshConnection.send

    def send_or_end(connection: FreshConnection, data: bytes) -> None:
        send(connection, data)
        if connection.tracked is not None and connection.tracked.was_reused and ends:
            raise ends.pop()

    monkeypatch.setattr(FreshConnection, "send", send_or_end)
    with Server() as server, FreshPoolManager(retries=False) as http:
        target = f"http://127.0.0.1:{server.port}/"
        http.request("GET", target)
        if method == "GET":
            assert http.request("GET", target).status == 200
            assert http.metrics.repeats == 1
        else:
            with pytest.raises((ssl.SSLEOFError, urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError)):
                http.request("POST", target, body=b"1")
            assert http.metrics.repeats == 0


def test_urllib3s_own_retries_come_after_the_repeat() -> None:
    with Server() as server, FreshPoolManager(policy=Policy(max_repeats=0), retries=2) as http:
        target = f"http://127.0.0.1:{server.port}/"
        http.request("GET", target)
        server.plan.extend([Do.HANG_UP, Do.HANG_UP])
        assert http.request("GET", target).data == b"127.0.0.1"
        assert http.metrics.repeats == 0


def test_a_cancelled_aiohttp_request_leaves_no_connection_behind() -> None:
    async def run(server: Server) -> None:
        connector = FreshConnector()
        async with aiohttp.ClientSession(connector=connector) as session:
            target = f"http://127.0.0.1:{server.port}/"
            server.plan.append(Do.STAY_SILENT)
            task = asyncio.ensure_future(session.get(target).__aenter__())
            while not server.seen:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with session.get(target) as answer:
                assert await answer.text() == "127.0.0.1"
            assert sum(connector.metrics.open.values()) == 1

    with Server() as server:
        asyncio.run(run(server))


def test_an_aiohttp_response_class_of_the_users_own_is_kept() -> None:
    class Mine(aiohttp.ClientResponse):
        pass

    async def run(server: Server) -> None:
        connector = FreshConnector()
        async with aiohttp.ClientSession(connector=connector, response_class=Mine) as session:
            target = f"http://127.0.0.1:{server.port}/"
            async with session.get(target) as answer:
                await answer.read()
            server.plan.append(Do.HANG_UP)
            async with session.put(target, data=b"1") as answer:
                assert isinstance(answer, Mine)
                assert await answer.text() == "127.0.0.1"
            assert connector.metrics.repeats == 1

    with Server() as server:
        asyncio.run(run(server))


def test_aiohttps_limit_a_host_holds() -> None:
    async def run(server: Server) -> int:
        connector = FreshConnector(limit_per_host=2)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one() -> None:
                async with session.get(f"http://127.0.0.1:{server.port}/") as answer:
                    await answer.read()

            await asyncio.gather(*(one() for _ in range(8)))
            return sum(connector.metrics.opened.values())

    with Server() as server:
        assert asyncio.run(run(server)) <= 2


@pytest.mark.parametrize("library", DRIVERS)
def test_https_through_a_proxy_with_a_client_certificate(library: str) -> None:
    authority = trustme.CA()
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("shop.test").configure_cert(inside)
    inside.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(inside)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    authority.issue_cert("me@shop.test").configure_cert(ours)
    with Server(tls=inside) as server, Tunnel(server.port) as tunnel:
        client = DRIVERS[library](Asked(tls=ours, proxy=tunnel.url))
        target = "https://shop.test/"
        client.get(target)
        assert client.get(target) == "127.0.0.1"
        assert tunnel.tunnels == 1
        server.plan.append(Do.HANG_UP)
        assert client.get(target) == "127.0.0.1"
        server.plan.append(Do.HANG_UP)
        with pytest.raises(client.failures):
            client.post(target)
        assert [seen.method for seen in server.seen] == ["GET", "GET", "GET", "GET", "POST"]
        assert set(client.ledger.metrics.opened) == {"127.0.0.1"}
        client.close()


def modules(*imports: str) -> set[str]:
    code = f"import sys, {', '.join(imports)}; print(*(name.split('.')[0] for name in sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("library", ["httpx", "requests", "urllib3", "aiohttp"])
def test_an_adapter_imports_its_library_and_the_standard_library_alone(library: str) -> None:
    added = modules(library, f"unstale.clients.{library}") - modules(library)
    assert added - set(sys.stdlib_module_names) == {"unstale"}


@pytest.mark.parametrize("kind", [Packed, WrittenOut])
def test_a_handler_of_aiohttp_knows_what_the_session_said_for_the_one_of_the_repeat(kind: type[Handler]) -> None:
    async def run() -> Mapping[str, object]:
        handler = kind(asyncio.get_running_loop(), Ledger(), IdleSince(aiohttp.TCPConnector()))
        handler.set_response_params(**said)
        return handler.parameters

    said = {**dict(KNOWN), "read_until_eof": True, "read_timeout": 3.0, "read_bufsize": 7}
    assert asyncio.run(run()) == said


def test_what_is_written_out_of_aiohttp_has_its_defaults() -> None:
    assert {name: KNOWN[name] for name in WRITTEN_OUT} == WRITTEN_OUT


def test_an_aiohttp_with_other_parameters_has_them_packed() -> None:
    assert handler_for(WRITTEN_OUT) is WrittenOut
    assert handler_for({**WRITTEN_OUT, "brand_new": 1}) is Packed
    assert handler_for({name: value for name, value in WRITTEN_OUT.items() if name != "max_headers"}) is Packed
