"""Manifests edited and certificates rotated under load, and what `unstale sidecar status` shows of it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from loopback import OriginServer
from sidecar_run import HERE, PATIENCE_S, USERS, children, folder_for, line, manifests, python_of, started

pytestmark = pytest.mark.lab

USER = USERS[0]
RATE = 1000
EDITS = 20
ROTATIONS = 5


class MutualServer(OriginServer):
    """Knows the serial numbers of the certificates that clients showed."""

    def __init__(self) -> None:
        super().__init__(b"origin")
        self.serials: set[str] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown = writer.get_extra_info("ssl_object").getpeercert()
        self.serials.add(shown["serialNumber"])
        await super().serve(reader, writer)


def rule(tls: str, *, timeout: str = "1s") -> str:
    return f"""\
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: web}}
spec:
  host: web.example.com
  workloadSelector: {{matchLabels: {{app: shop}}}}
  trafficPolicy:
    connectionPool: {{tcp: {{connectTimeout: {timeout}}}}}
    tls: {tls}
"""


def issue(authority: trustme.CA, folder: Path) -> str:
    """Replace the client's certificate and key, one after the other as certificate tools do; its serial number."""
    issued = authority.issue_cert("client.test")
    (folder / "client.key").write_bytes(issued.private_key_pem.bytes())
    (folder / "client.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    return issued.cert_chain_pems[0].bytes().decode()


@asynccontextmanager
async def mutual_server(authority: trustme.CA) -> AsyncIterator[tuple[MutualServer, int]]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("web.example.com").configure_cert(tls)
    tls.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    tls.verify_mode = ssl.CERT_REQUIRED
    one = MutualServer()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield one, server.sockets[0].getsockname()[1]
    finally:
        server.close()


def replace(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(file)


async def _said(running: Process, *wanted: str) -> list[str]:
    """What was said up to the line in which the last of `wanted` was seen."""
    seen: list[str] = []
    missing = set(wanted)
    while missing:
        seen.append(await line(running.stderr))
        missing = {word for word in missing if word not in seen[-1]}
    return seen


async def _tell(running: Process, word: str) -> None:
    assert running.stdin is not None
    running.stdin.write(f"{word}\n".encode())
    await running.stdin.drain()


async def _goes_on(running: Process) -> None:
    """Some more requests are answered."""
    await _tell(running, "more")
    await line(running.stdout)


def test_edits_and_rotations_under_load_fail_no_request() -> None:
    async def test(folder: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        issue(authority, folder)
        files = {"caCertificates": "ca.pem", "clientCertificate": "client.pem", "privateKey": "client.key"}
        paths = ", ".join(f"{key}: {folder / name}" for key, name in files.items())
        tls = f"{{mode: MUTUAL, sni: web.example.com, {paths}}}"
        (folder / "proxy.yaml").write_text("labels: {app: shop}\n")
        async with mutual_server(authority) as (server, port):
            web = manifests(port, host="web.example.com")
            (folder / "m.yaml").write_text(web + rule(tls))
            load = [python_of(USER), str(HERE / "inside.py"), "load", str(RATE)]
            async with started(USER, folder, ["-f", "m.yaml", "--proxy", "proxy.yaml"], load) as running:
                await line(running.stdout)
                for number in range(EDITS):
                    if number % (EDITS // ROTATIONS) == 0:
                        issue(authority, folder)
                        await _said(running, "changed and is in use")
                    replace(folder / "m.yaml", web + rule(tls, timeout=f"{number + 2}s"))
                    await _said(running, "applied in")
                    await _goes_on(running)
                replace(folder / "m.yaml", web + rule(tls, timeout="nine"))
                refused = await _said(running, "nine", "The last good configuration stays in force.")
                (folder / "client.key").write_text("no key")
                await _said(running, "is no certificate with its key")
                await _goes_on(running)
                await _tell(running, "stop")
                answers = json.loads(await line(running.stdout))
        assert answers.keys() == {"200 origin"}
        assert answers["200 origin"] > RATE
        assert len(server.serials) == 1 + ROTATIONS
        assert f"m.yaml:{(web + rule(tls)).count(chr(10)) - 1}:" in refused[0]

    with folder_for(USER) as folder:
        asyncio.run(test(folder))


def _secret(name: str, **values: bytes) -> str:
    data = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in values.items()}
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data})


@pytest.mark.parametrize("user", USERS)
def test_a_credential_comes_from_a_folder_of_secrets_and_stays_secret(user: str) -> None:
    async def test(folder: Path) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert("client.test")
        key = issued.private_key_pem.bytes()
        (folder / "secrets").mkdir()
        (folder / "secrets" / "shop.yaml").write_text(
            _secret("shop", tls_crt=issued.cert_chain_pems[0].bytes(), tls_key=key, ca_crt=authority.cert_pem.bytes())
        )
        (folder / "proxy.yaml").write_text("labels: {app: shop}\n")
        async with mutual_server(authority) as (server, port):
            tls = "{mode: MUTUAL, sni: web.example.com, credentialName: shop}"
            (folder / "m.yaml").write_text(manifests(port, host="web.example.com") + rule(tls))
            options = ["-f", "m.yaml", "--proxy", "proxy.yaml", "--secrets", "secrets", "--admin", "15999"]
            call = "curl -sS -m 5 -H 'host: web.example.com' http://203.0.113.80/; echo; read word"
            async with started(user, folder, options, ["sh", "-c", call]) as running:
                assert await line(running.stdout) == "origin"
                reader, writer = await asyncio.open_connection("127.0.0.1", 15999)
                writer.write(b"GET /config_dump HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                dump = await reader.read()
                logs = [path.read_bytes() for path in Path("/proc", str(running.pid), "cwd").rglob("*.log")]
        line_of_key = key.splitlines()[1]
        assert b"kubernetes://shop" in dump
        assert all(line_of_key not in text for text in (dump, *logs))
        assert len(server.serials) == 1

    with folder_for(user) as folder:
        asyncio.run(test(folder))


def test_status_shows_what_is_in_force_what_was_refused_and_where_connections_go() -> None:
    async def test(folder: Path) -> None:
        one = OriginServer(b"origin")
        server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        (folder / "m.yaml").write_text(manifests(port, host="web.example.com"))
        load = [python_of(USER), str(HERE / "inside.py"), "load", "100"]
        async with started(USER, folder, ["-f", "m.yaml"], load) as running:
            await line(running.stdout)
            (folder / "m.yaml").write_text("kind: [")
            await _said(running, "The last good configuration stays in force.")
            words = [python_of(USER), "-m", "unstale.cli.main", "sidecar", "status", "--pid", str(running.pid)]
            found = json.loads(await _output(*words, "--json"))
            text = await _output(*words)
            envoy = children(running.pid)["envoy"]
        server.close()
        assert found["envoy"]["pid"] == envoy
        assert found["in_force"]["clusters"] == 3
        assert "m.yaml:1:" in found["refused"]["reason"]
        (host,) = found["hosts"]
        (endpoint,) = host["endpoints"]
        assert (host["host"], host["port"], endpoint["address"]) == ("web.example.com", 80, f"127.0.0.1:{port}")
        known = [one for one in found["connections"] if one["is_known"]]
        assert len(known) == endpoint["connections"] > 0
        assert all(0 <= one["age_s"] < PATIENCE_S for one in known)
        assert f"127.0.0.1:{port}" in text
        assert "refused" in text

    with folder_for(USER) as folder:
        asyncio.run(test(folder))


def test_status_says_when_nothing_runs() -> None:
    words = [python_of(USER), "-m", "unstale.cli.main", "sidecar", "status", "--pid", "1"]
    assert asyncio.run(_output(*words, status=1)) == ""


async def _output(*words: str, status: int = 0) -> str:
    running = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    output, _ = await running.communicate()
    assert running.returncode == status
    return output.decode()
