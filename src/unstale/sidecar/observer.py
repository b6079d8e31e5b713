"""What a running sidecar is told about itself: hosts and their endpoints, look-ups, and connections with their age.

Envoy counts look-ups but not when they were, and connections but not which. So both are looked at once a second and
what is new is given its time; an age is right to that second.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

import dns.asyncresolver
import dns.exception

from unstale.model.errors import ProxyError
from unstale.sidecar.open_connections import OpenConnection, open_connections
from unstale.sidecar.sidecar import Sidecar

_PERIOD_S = 1.0
_MANY_CLUSTERS = 500
_SELDOM = 15
"""With many clusters Envoy's counters are asked for only every so many periods: they are some megabytes."""

_LOOKED_UP = frozenset({"STRICT_DNS", "LOGICAL_DNS"})
_ANSWERS = r"^cluster\.(outbound\|.*)\.update_(success|failure)$"
_ANSWER = re.compile(_ANSWERS)
_LONGEST_LOOK_UP_S = 1.0
_MOST_LOOK_UPS = 100

Json = dict[str, Any]


class Observer:
    """Watches one sidecar until it is cancelled."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._first_seen: dict[int, float] = {}
        self._answers: dict[str, int] = {}
        self._answered: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._open: dict[int, OpenConnection] = {}

    async def watch(self) -> None:
        """Never returns."""
        period = 0
        while True:
            self._see_connections()
            if len(self._sidecar.in_force.clusters) < _MANY_CLUSTERS or period % _SELDOM == 0:
                await self._see_look_ups()
            period += 1
            await asyncio.sleep(_PERIOD_S)

    async def report(self) -> Json:
        """Hosts with their endpoints and look-ups, and the connections to servers, as JSON."""
        self._see_connections()
        clusters = {one.name: one.value for one in self._sidecar.in_force.clusters}
        try:
            statuses = (await self._sidecar.admin.clusters()).get("cluster_statuses", [])
        except ProxyError:
            statuses = []
        hosts = [host for status in statuses if (host := _host(status, clusters)) is not None]
        await self._add_look_ups(hosts)
        servers = {endpoint["address"] for host in hosts for endpoint in host["endpoints"]}
        return {"hosts": hosts, "connections": self._connections(servers)}

    def _see_connections(self) -> None:
        pid = self._sidecar.pid
        found = open_connections(pid) if pid is not None else ()
        now = time.monotonic()
        self._first_seen = {one.inode: self._first_seen.get(one.inode, now) for one in found}
        self._open = {one.inode: one for one in found}

    async def _see_look_ups(self) -> None:
        try:
            stats = await self._sidecar.admin.stats(_ANSWERS)
        except ProxyError:
            return
        for name, count in stats.items():
            match = _ANSWER.match(name)
            if match is None:
                continue
            cluster, kind = match[1].removesuffix(";"), match[2]
            if kind == "failure":
                self._failures[cluster] = count
            elif count != self._answers.get(cluster, 0):
                self._answers[cluster] = count
                self._answered[cluster] = time.monotonic()

    def _connections(self, servers: set[str]) -> list[Json]:
        """To the servers that Envoy knows, and to whatever else its own side opened."""
        now = time.monotonic()
        found = [
            {
                "address": one.remote,
                "local": one.local,
                "age_s": round(now - self._first_seen[inode], 1),
                "is_known": one.remote in servers,
            }
            for inode, one in self._open.items()
        ]
        return sorted(found, key=lambda one: (one["address"], -one["age_s"]))

    async def _add_look_ups(self, hosts: Iterable[Json]) -> None:
        looked_up = [host for host in hosts if host["resolution"] in _LOOKED_UP]
        names = dict.fromkeys(name for host in looked_up for name in host["names"])
        lives = await _times_to_live(list(names)[:_MOST_LOOK_UPS])
        now = time.monotonic()
        for host in looked_up:
            answered = self._answered.get(host["cluster"])
            host["dns"] = {
                "age_s": round(now - answered, 1) if answered is not None else None,
                "failures": self._failures.get(host["cluster"], 0),
                "ttl_s": min((lives[name] for name in host["names"] if name in lives), default=None),
            }


async def _times_to_live(names: Iterable[str]) -> Mapping[str, int]:
    """What this machine's name server says now of each name; a cache in between says what is left."""
    resolver = dns.asyncresolver.Resolver()
    resolver.lifetime = _LONGEST_LOOK_UP_S

    async def one(name: str) -> tuple[str, int | None]:
        try:
            answer = await resolver.resolve(name, "A", raise_on_no_answer=False)
        except (dns.exception.DNSException, OSError):
            return name, None
        return name, min((each.ttl for each in answer.response.answer), default=None)

    found = await asyncio.gather(*(one(name) for name in names))
    return {name: ttl for name, ttl in found if ttl is not None}


def _host(status: Json, clusters: Mapping[str, Json]) -> Json | None:
    """One outbound cluster; None for the others."""
    name = str(status["name"])
    parts = name.split("|")
    if len(parts) != 4:
        return None
    own = clusters.get(name, {})
    return {
        "cluster": name,
        "host": parts[3],
        "port": int(parts[1]),
        "subset": parts[2],
        "resolution": own.get("type") or own.get("cluster_type", {}).get("name", ""),
        "names": sorted({each["hostname"] for each in status.get("host_statuses", ()) if each.get("hostname")}),
        "endpoints": [_endpoint(each) for each in status.get("host_statuses", ())],
        "dns": None,
    }


def _endpoint(status: Json) -> Json:
    numbers = {one["name"]: int(one.get("value", 0)) for one in status.get("stats", ())}
    health = status.get("health_status", {})
    return {
        "address": _address(status["address"]),
        "is_healthy": health.get("eds_health_status", "HEALTHY") == "HEALTHY" and "failed_outlier_check" not in health,
        "connections": numbers.get("cx_active", 0),
        "connections_total": numbers.get("cx_total", 0),
        "requests": numbers.get("rq_total", 0),
        "failures": numbers.get("rq_error", 0),
    }


def _address(address: Json) -> str:
    found = address.get("socket_address")
    if found is None:
        return str(next(iter(address.values()), ""))
    host = found["address"]
    return f"[{host}]:{found['port_value']}" if ":" in host else f"{host}:{found['port_value']}"
