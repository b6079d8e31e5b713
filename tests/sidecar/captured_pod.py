"""A pod, a server beyond it and a captured connection, run inside namespaces by `test_capture_lab.py`.

    unshare --user --map-root-user --net --mount python captured_pod.py FOLDER

prints what the application saw and what Envoy counted, as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
from pathlib import Path

from loopback import HCM, ROUTER, Client, OriginServer, cluster, resources

from unstale.envoy.resource import Resources
from unstale.sidecar.bootstrap import MARK
from unstale.sidecar.capture import capture, release, ruleset
from unstale.sidecar.local import localize
from unstale.sidecar.outcome import Applied
from unstale.sidecar.programs import find
from unstale.sidecar.sidecar import Sidecar, SidecarSettings

SERVER = "203.0.113.10"
PORTS = (80, 81, 8080)
RESETTING = 82
"""Here the server resets the first connection after its first byte, and answers later ones."""

PASSED = r"^cluster\.PassthroughCluster\.upstream_cx_total$"


async def serve() -> None:
    """The server: waits for the word that its network is there, says that it serves, ends with its parent."""
    sys.stdin.readline()
    one = OriginServer(b"origin")
    for port in PORTS:
        await asyncio.start_server(one.serve, SERVER, port)
    strangers = [True]

    async def reset_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        if strangers:
            strangers.clear()
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            writer.write(b"answer")
        writer.close()

    await asyncio.start_server(reset_first, SERVER, RESETTING)
    print("serving", flush=True)
    await asyncio.Event().wait()


def ip(*words: str) -> None:
    subprocess.run([find("ip"), *words], check=True)


def beside() -> subprocess.Popen[str]:
    """The server in a network namespace of its own, joined to this one by a veth pair."""
    command = [
        find("setpriv"),
        "--pdeathsig",
        "KILL",
        "--",
        find("unshare"),
        "--net",
        sys.executable,
        __file__,
        "serve",
    ]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    own = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{server.pid}/ns/net").readlink() == own:
        pass
    there = [find("nsenter"), f"--net=/proc/{server.pid}/ns/net", find("ip")]
    ip("link", "set", "lo", "up")
    ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", str(server.pid))
    ip("address", "add", "10.0.0.10/24", "dev", "eth0")
    ip("link", "set", "eth0", "up")
    for words in (
        "link set lo up",
        "address add 10.0.0.1/24 dev eth0",
        f"address add {SERVER}/32 dev lo",
        "link set eth0 up",
    ):
        subprocess.run([*there, *words.split()], check=True)
    ip("route", "add", "default", "via", "10.0.0.1")
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write("\n")
    server.stdin.flush()
    server.stdout.readline()
    return server


def pod() -> Resources:
    """What istiod gives a pod, in small: port 80 has an HTTP listener and a DNS cluster, 81 none, so it passes."""
    manager = {
        "@type": HCM,
        "stat_prefix": "outbound_0.0.0.0_80;",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}],
        "route_config": {
            "name": "80",
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "web"}}]}
            ],
        },
    }
    passthrough = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "PassthroughCluster",
        "cluster": "PassthroughCluster",
    }
    web = cluster("web", 80, type="STRICT_DNS")
    endpoint = web["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    endpoint["address"]["socket_address"]["address"] = SERVER
    return resources(
        clusters=[web, {"name": "PassthroughCluster", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}],
        listeners=[
            {
                "name": "virtualOutbound",
                "address": {"socket_address": {"address": "0.0.0.0", "port_value": 15001}},
                "use_original_dst": True,
                "filter_chains": [
                    {"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": passthrough}]}
                ],
            },
            {
                "name": "0.0.0.0_80",
                "address": {"socket_address": {"address": "0.0.0.0", "port_value": 80}},
                "bind_to_port": False,
                "filter_chains": [
                    {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
                ],
            },
        ],
        routes=[],
    )


async def main(folder: Path) -> dict[str, object]:
    log = folder / "access.log"
    sidecar = Sidecar(SidecarSettings(folder=folder, mark=1337, file_flush_interval_ms=10))
    await sidecar.start()
    assert isinstance(await sidecar.apply(localize(pod(), access_log=log)), Applied)
    await capture(ruleset(excluded_ports=[8080]))
    seen = {str(port): await _get(port) for port in PORTS}
    counted = await sidecar.admin.stats(r"^cluster\.(web|PassthroughCluster)\.upstream_cx_total$|downstream_cx_total$")
    while len(lines := log.read_text().splitlines() if log.exists() else []) < 1:
        await asyncio.sleep(0.01)
    before = await sidecar.admin.stats(PASSED)
    answer = await asyncio.to_thread(_after_a_reset)
    reused = await sidecar.admin.stats(PASSED)
    await release()
    unseen = await _get(81)
    after = await sidecar.admin.stats(PASSED)
    await sidecar.stop()
    return {
        "seen": seen,
        "counted": counted,
        "lines": lines,
        "answer": answer,
        "passed": [next(iter(each.values())) for each in (before, reused, after)],
        "unseen": unseen,
    }


def _after_a_reset() -> list[str]:
    """What two callers get from one local port: one with Envoy's mark, whom the server resets, and the application."""
    answers = []
    for mark in (MARK, 0):
        with socket.socket() as caller:
            caller.settimeout(5)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
            caller.bind(("10.0.0.10", 40000))
            caller.connect((SERVER, RESETTING))
            caller.sendall(b"?")
            try:
                answers.append(caller.recv(100).decode())
            except ConnectionResetError:
                answers.append("reset")
    return answers


async def _get(port: int) -> tuple[int, str]:
    client = Client(port, host=SERVER)
    async with asyncio.timeout(5):
        status, body = await client.get()
    client.close()
    return status, body.decode()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        running = beside()
        try:
            print(json.dumps(asyncio.run(main(Path(sys.argv[1]) / "s"))))
        finally:
            running.kill()
            running.wait()
