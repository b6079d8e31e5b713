"""A small world on loopback: an origin server, a load of raw HTTP connections, and hand-written Envoy resources."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from unstale.envoy.resource import Resource, Resources
from unstale.model.origin import Origin

MANIFEST = Origin(file="web.yaml", line=7, column=3)
HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cluster(name: str, port: int, *, connect_timeout: str = "1s", **more: Any) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": connect_timeout,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        **more,
    }


def listener(port: int, *, route: str = "web", stat_prefix: str = "web") -> dict[str, Any]:
    manager = {
        "@type": HCM,
        "stat_prefix": stat_prefix,
        "rds": {"route_config_name": route, "config_source": {"ads": {}, "initial_fetch_timeout": "0s"}},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}],
    }
    return {
        "name": f"127.0.0.1_{port}",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def route(cluster_name: str, *, name: str = "web") -> dict[str, Any]:
    one = {"match": {"prefix": "/"}, "route": {"cluster": cluster_name, "timeout": "0s"}}
    return {
        "name": name,
        "validate_clusters": False,
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [one]}],
    }


def resources(
    *,
    clusters: list[dict[str, Any]],
    listeners: list[dict[str, Any]],
    routes: list[dict[str, Any]],
    endpoints: tuple[dict[str, Any], ...] = (),
) -> Resources:
    def made(values: Any, key: str = "name") -> tuple[Resource, ...]:
        return tuple(Resource(name=value[key], value=value, origins=(MANIFEST,)) for value in values)

    return Resources(
        clusters=made(clusters),
        listeners=made(listeners),
        routes=made(routes),
        endpoints=made(endpoints, "cluster_name"),
    )


def web(proxy_port: int, origin_port: int, *, cluster_name: str = "origin", connect_timeout: str = "1s") -> Resources:
    """One listener, one route, one cluster."""
    return resources(
        clusters=[cluster(cluster_name, origin_port, connect_timeout=connect_timeout)],
        listeners=[listener(proxy_port)],
        routes=[route(cluster_name)],
    )


class OriginServer:
    """Answers every request with its body; a request for /slow waits for `release`."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.release = asyncio.Event()
        self.slow_arrived = asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /slow"):
                    self.slow_arrived.set()
                    await self.release.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(self.body), self.body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def origin(body: bytes = b"origin") -> AsyncIterator[OriginServer]:
    one = OriginServer(body)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()


class Client:
    """One HTTP/1.1 connection, opened anew when the server announced that it closes it."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self.port = port
        self.host = host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the next request goes over the same connection."""
        return self._streams is not None

    async def get(self, path: str = "/") -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\nhost: web.example.com\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        return int(head.split()[1]), body

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Load:
    """`rate` requests a second over `connections` connections until stopped; counts what came back."""

    def __init__(self, port: int, *, rate: int, connections: int, host: str = "127.0.0.1") -> None:
        self.answers: Counter[str] = Counter()
        self._port = port
        self._host = host
        self._period_s = connections / rate
        self._workers = [asyncio.create_task(self._work(number)) for number in range(connections)]
        self._stopping = False

    @property
    def total(self) -> int:
        return self.answers.total()

    async def reaches(self, total: int) -> None:
        """Wait until that many requests were answered."""
        while self.total < total:
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._stopping = True
        await asyncio.gather(*self._workers)

    async def _work(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        client = Client(self._port, host=self._host)
        due = loop.time() + number * self._period_s / len(self._workers) if number else loop.time()
        while not self._stopping:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += self._period_s
            try:
                status, body = await client.get()
                self.answers[f"{status} {body.decode()}"] += 1
            except (OSError, asyncio.IncompleteReadError) as error:
                self.answers[type(error).__name__] += 1
                client.close()
        client.close()
