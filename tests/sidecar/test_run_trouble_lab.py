"""What goes wrong around a run: a full disk, a taken port, no permission; and the proxy that needs no permission."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from loopback import free_port, origin
from sidecar_run import (
    HERE,
    PATIENCE_S,
    USERS,
    all_end,
    children,
    environment,
    finished,
    folder_for,
    line,
    manifests,
    present,
    python_of,
    started,
    words_of,
)
from tls_server import tls_server

from unstale.sidecar.programs import find

pytestmark = pytest.mark.lab

USER = USERS[0]
RATE = 500


def test_a_full_disk_for_the_access_log_costs_no_request() -> None:
    async def test(folder: Path) -> None:
        async with origin() as web:
            (folder / "m.yaml").write_text(manifests(web.port, host="web.example.com"))
            load = [python_of(USER), str(HERE / "inside.py"), "load", str(RATE)]
            async with started(USER, folder, ["-f", "m.yaml", "--access-log", "/dev/full"], load) as running:
                await line(running.stdout)
                assert running.stdin is not None
                running.stdin.write(b"more\nstop\n")
                await line(running.stdout)
                assert json.loads(await line(running.stdout)).keys() == {"200 origin"}

    with folder_for(USER) as folder:
        asyncio.run(test(folder))


@pytest.mark.parametrize("option", ["--listen", "--admin"])
def test_a_port_in_use_is_told(option: str) -> None:
    async def test(folder: Path) -> tuple[int, str, str]:
        (folder / "m.yaml").write_text(manifests(1))
        async with origin() as other:
            place = f"127.0.0.1:{other.port}"
            status, output, complaints = await finished(USER, folder, ["-f", "m.yaml", option, place], ["echo", "ran"])
            return status, output, complaints.replace(place, "PLACE")

    with folder_for(USER) as folder:
        assert asyncio.run(test(folder)) == (
            3,
            "",
            "error: PLACE: cannot be listened on (Address already in use). Choose another address.\n",
        )


def _without_permission(options: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run in a user namespace that allows no others below."""
    forbid = "; ".join(f"echo 0 >/proc/sys/user/max_{kind}_namespaces" for kind in ("user", "net"))
    words = words_of("root", options, ["echo", "ran"])
    script = f'{forbid}; exec "$@"'
    return subprocess.run(
        [
            find("unshare"),
            "--user",
            "--map-root-user",
            "--net",
            "--",
            "sh",
            "-c",
            f"ip link set lo up; {script}",
            "sh",
            *words,
        ],
        cwd=folder,
        env={**environment("root"), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_user_without_permission_is_told_the_setting_and_the_other_way(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(manifests(1))
    done = _without_permission(["-f", "m.yaml"], tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "error: this machine: namespaces are forbidden to this user (user.max_user_namespaces = 0). "
        "Allow them with sudo sysctl user.max_user_namespaces=10000, "
        "or do without them: unstale sidecar --listen 127.0.0.1:15080 -f PATH -- CMD\n"
    )


def test_the_proxy_works_without_permission(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(manifests(1))
    done = _without_permission(["-f", "m.yaml", "--listen", "127.0.0.1:15080"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


WITHOUT = 'mount -t tmpfs -o ro none /dev/shm; ip link set lo up; PATH="$BARE" exec "$@"'


@asynccontextmanager
async def _locked_down(folder: Path, options: list[str], command: list[str]) -> AsyncIterator[Process]:
    """Where there is neither setpriv nor shared memory, as on macOS and in small containers."""
    bare = folder / "bin"
    bare.mkdir()
    for name, path in present("sh", "curl").items():
        (bare / name).symlink_to(path)
    words = [find("unshare"), "--user", "--map-root-user", "--mount", "--net", "--", "sh", "-c", WITHOUT, "sh"]
    running = await asyncio.create_subprocess_exec(
        *words,
        *words_of("root", options, command),
        cwd=folder,
        env={**environment("root"), "BARE": str(bare), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


ANSWERED = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web.test]
  http:
  - directResponse: {status: 200, body: {string: answered}}
"""


def test_the_proxy_needs_neither_setpriv_nor_shared_memory_and_leaves_nothing_behind_either(tmp_path: Path) -> None:
    call = "curl -sS -m 5 http://web.test/; echo; read never"

    async def test() -> None:
        options = ["-f", "m.yaml", "--listen", "127.0.0.1:15080"]
        async with _locked_down(tmp_path, options, ["sh", "-c", call]) as running:
            assert await line(running.stdout) == "answered"
            everything = children(running.pid)
            assert everything.keys() == {"envoy", "heir", "sh"}
            os.kill(everything["envoy"], signal.SIGKILL)
            await line(running.stderr, until=lambda text: "serves again after" in text)
            everything = children(running.pid)
            os.kill(running.pid, signal.SIGKILL)
            await running.wait()
            await all_end(list(everything.values()))

    (tmp_path / "m.yaml").write_text(manifests(1, more=ANSWERED))
    asyncio.run(test())


MORE = """\
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: tls}}
spec:
  hosts: [tls.test]
  resolution: STATIC
  ports: [{{number: 443, name: tls, protocol: TLS}}]
  endpoints: [{{address: 127.0.0.1, ports: {{tls: {secure}}}}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: db}}
spec:
  hosts: [db.test]
  addresses: [203.0.113.33]
  resolution: STATIC
  ports: [{{number: 3306, name: tcp, protocol: TCP}}]
  endpoints: [{{address: 127.0.0.1, ports: {{tcp: {web}}}}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: web}}
spec:
  hosts: [web.test]
  http:
  - match: [{{uri: {{prefix: /gone}}}}]
    directResponse: {{status: 410}}
  - route: [{{destination: {{host: web.test}}}}]
"""


@asynccontextmanager
async def _proxy(folder: Path) -> AsyncIterator[tuple[list[str], int]]:
    """The options of a proxy, and a server that no manifest knows."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("tls.test", "localhost").configure_cert(tls)
    async with origin() as web, origin(b"unknown") as other, tls_server(tls) as secure:
        (folder / "m.yaml").write_text(manifests(web.port, more=MORE.format(secure=secure, web=web.port)))
        place = f"127.0.0.1:{free_port()}"
        yield ["-f", "m.yaml", "--listen", place, "--access-log", "a.log"], other.port


@pytest.mark.parametrize("user", USERS)
def test_the_proxy_takes_the_routes_of_the_manifests(user: str) -> None:
    calls = (
        ("http://web.test/", "origin 200"),
        ("http://web.test/gone", " 410"),
        ("-p http://web.test/gone", " 410"),
        ("--cacert ca.pem https://tls.test/", "secure 200"),
        ("--cacert ca.pem --http2 https://tls.test/", "secure 200"),
        ("-p http://db.test:3306/", "origin 200"),
        ("http://localhost:OTHER/", "unknown 200"),
        ("-p http://localhost:OTHER/", "unknown 200"),
    )

    async def test(folder: Path) -> tuple[list[str], str]:
        async with _proxy(folder) as (options, other):
            script = "; ".join(f"curl -sS -m 5 -w ' %{{http_code}}\\n' {call}" for call, _ in calls)
            status, output, complaints = await finished(
                user, folder, options, ["sh", "-c", script.replace("OTHER", str(other))]
            )
            assert (status, complaints) == (0, "")
            return output.splitlines(), (folder / "a.log").read_text()

    with folder_for(user) as folder:
        seen, log = asyncio.run(test(folder))
    assert seen == [wanted for _, wanted in calls]
    connects = [entry for entry in log.splitlines() if '"CONNECT ' in entry]
    assert sum(entry.endswith(":http-policy-cannot-apply") for entry in connects) == 4
    assert [entry.split()[-1] for entry in connects if "web.test" in entry] == ["connect:web.test:80"]
    assert log.count("outbound|443||tls.test") == 2


def test_the_proxy_without_a_command_serves_until_it_is_told_to_end() -> None:
    async def test(folder: Path) -> None:
        async with _proxy(folder) as (options, _), started(USER, folder, options, []) as running:
            place = options[options.index("--listen") + 1]
            assert await line(running.stderr) == f"unstale sidecar: listening on {place}; Ctrl-C ends it"
            words = ["curl", "-sS", "-m", "5", "--proxy", f"http://{place}", "http://web.test/"]
            assert await asyncio.to_thread(subprocess.check_output, words) == b"origin"
            os.kill(running.pid, signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                assert await running.wait() == 0

    with folder_for(USER) as folder:
        asyncio.run(test(folder))
