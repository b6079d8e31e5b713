"""`unstale sidecar -- CMD`: every client reaches its server, and the command sees no difference but its network."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from loopback import OriginServer, origin
from sidecar_run import HERE, ORDINARY_ID, USERS, children, finished, folder_for, line, manifests, present, python_of
from sidecar_run import started as running_sidecar
from tls_server import tls_server

from unstale.sidecar.local_pod import has_ipv6

pytestmark = pytest.mark.lab

INSIDE = str(HERE / "inside.py")
LANGUAGES = ("node", "java", "go")
BUILD_S = 240
"""A first build compiles Go's own library too."""


def _entry(host: str, address: str, port: int, protocol: str, target: int) -> str:
    addresses = f'addresses: ["{address}"]' if address else "location: MESH_EXTERNAL"
    return f"""\
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {host.partition(".")[0]}}}
spec:
  hosts: [{host}]
  {addresses}
  resolution: STATIC
  ports: [{{number: {port}, name: p, protocol: {protocol}}}]
  endpoints: [{{address: 127.0.0.1, ports: {{p: {target}}}}}]
"""


class WebSocketServer(OriginServer):
    """Shakes hands and sends the first frame's text back."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n")
        frame = await reader.readexactly(10)
        writer.write(bytes((0x81, 4)) + frame[6:])
        writer.close()


@asynccontextmanager
async def _world(folder: Path) -> AsyncIterator[tuple[list[str], int]]:
    """Servers on this machine's loopback, and the options that make hosts of them; the plain one's port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    (folder / "ca.pem").chmod(0o644)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("tls.test").configure_cert(tls)
    sockets = await asyncio.start_server(WebSocketServer(b"").serve, "127.0.0.1", 0)
    async with origin() as web, tls_server(tls) as secure:
        ws_port = sockets.sockets[0].getsockname()[1]
        text = (
            manifests(web.port)
            + _entry("six.test", "2001:db8::80", 80, "HTTP", web.port)
            + _entry("ws.test", "203.0.113.83", 80, "HTTP", ws_port)
            + _entry("tls.test", "203.0.113.81", 443, "TLS", secure)
            + _entry("db.test", "", 3306, "TCP", web.port)
        )
        (folder / "m.yaml").write_text(text)
        yield ["-f", "m.yaml", "--dns-capture", "--local-port", str(web.port)], web.port
    sockets.close()


def _build_go_client(folder: Path) -> None:
    """Where Go is installed; its own look-ups, without the C library's."""
    for go in present("go").values():
        words = [go, "build", "-o", str(folder / "get"), str(HERE / "get.go")]
        own = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
        subprocess.run(words, env={**os.environ, **own}, check=True, timeout=BUILD_S)
        (folder / "get").chmod(0o755)


@pytest.mark.parametrize("user", USERS)
def test_every_client_reaches_a_server_outside_of_the_namespace(user: str) -> None:
    async def test(folder: Path) -> tuple[dict[str, str], str]:
        async with _world(folder) as (options, port):
            _build_go_client(folder)
            command = [python_of(user), INSIDE, "clients", "ca.pem", str(port), *(["six"] if has_ipv6() else [])]
            status, output, complaints = await finished(user, folder, [*options, "--access-log", "a.log"], command)
            assert status == 0, complaints
            return json.loads(output), (folder / "a.log").read_text()

    with folder_for(user) as folder:
        seen, log = asyncio.run(test(folder))
    wanted = {
        "curl": "origin 200 1.1",
        "tls": "secure 200 1.1",
        "http2": "secure 200 2",
        "passed": "origin 200 1.1",
        "python": "200 origin",
        "websocket": "HTTP/1.1 101 Switching Protocols ping",
        "no address": "origin 200 1.1",
        **dict.fromkeys(present(*LANGUAGES), "200 origin"),
        **({"ipv6": "origin 200 1.1"} if has_ipv6() else {}),
    }
    assert seen == wanted
    assert log.count("outbound|80||web.test") == 2 + len(present(*LANGUAGES))
    assert [line.split()[-4] for line in log.splitlines() if "outbound|3306||db.test" in line] == ["240.240.0.1:3306"]
    assert log.count("outbound|443||tls.test") == 2
    assert log.count(" PassthroughCluster ") == 1


@pytest.mark.parametrize("user", USERS)
def test_the_command_sees_no_difference_but_its_network(user: str) -> None:
    async def test(folder: Path) -> tuple[Mapping[str, object], int | None]:
        async with _world(folder) as (options, _):
            command = [python_of(user), INSIDE, "identity"]
            async with running_sidecar(user, folder, options, command) as running:
                assert running.stdin is not None
                running.stdin.write(b"from the caller\n")
                seen = json.loads(await line(running.stdout))
                return seen, running.pid

    own = (os.getuid(), os.getgid()) if user == "root" or os.geteuid() else (ORDINARY_ID, ORDINARY_ID)
    with folder_for(user) as folder:
        seen, pid = asyncio.run(test(folder))
        assert seen["folder"] == str(folder)
    assert seen["ids"] == [own[0], own[0], own[1]]
    assert seen["own"] == user
    assert seen["input"] == "from the caller"
    assert seen["parent"] == pid
    assert seen["addresses"] is True
    assert (int(str(seen["capabilities"]), 16) == 0) is (own[0] != 0)


@pytest.mark.parametrize("user", USERS)
def test_envoy_has_no_capabilities_and_its_sockets_are_private(user: str) -> None:
    async def test(folder: Path) -> None:
        async with _world(folder) as (options, _):
            command = ["sh", "-c", "echo here; read word"]
            async with running_sidecar(user, folder, options, command) as running:
                await line(running.stdout)
                envoy = children(running.pid)["envoy"]
                status = Path(f"/proc/{envoy}/status").read_text().splitlines()
                held = {words[0]: words[1] for words in map(str.split, status) if words[0].startswith("Cap")}
                assert int(held["CapEff:"], 16) == int(held["CapPrm:"], 16) == int(held["CapAmb:"], 16) == 0
                assert "NoNewPrivs:\t1" in status
                runs = Path(f"/tmp/unstale-{ORDINARY_ID if user == 'ordinary' and not os.geteuid() else os.getuid()}")
                private = runs / str(running.pid)
                sockets = [path for path in private.iterdir() if path.is_socket()]
                assert {path.name for path in sockets} >= {"admin.sock", "xds.sock", "status.sock"}
                assert {path.stat().st_mode & 0o777 for path in sockets} == {0o600}
                assert private.stat().st_mode & 0o777 == 0o700

    with folder_for(user) as folder:
        asyncio.run(test(folder))


@pytest.mark.parametrize("user", USERS)
def test_the_exit_code_is_the_commands(user: str) -> None:
    async def test(folder: Path) -> list[int]:
        async with _world(folder) as (options, _):
            return [
                (await finished(user, folder, options, ["sh", "-c", script]))[0]
                for script in ("exit 7", "kill -TERM $$", "kill -KILL $$")
            ]

    with folder_for(user) as folder:
        assert asyncio.run(test(folder)) == [7, -15, -9]


def test_a_command_that_is_not_there_is_told_before_anything_starts(tmp_path: Path) -> None:
    async def test() -> tuple[int, str, str]:
        (tmp_path / "m.yaml").write_text(manifests(1))
        return await finished(USERS[0], tmp_path, ["-f", "m.yaml"], ["no-such-command"])

    assert asyncio.run(test()) == (127, "", "unstale sidecar: no-such-command: command not found.\n")
