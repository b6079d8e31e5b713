"""What a running sidecar has in force, as text: the configuration, the hosts, and the open connections."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

Json = Mapping[str, Any]

_KINDS = (("listeners", "listener"), ("routes", "route"), ("clusters", "cluster"), ("endpoints", "endpoint set"))
_WIDTH = 44


def as_text(found: Json) -> str:
    """The text for one sidecar, ended by a line break. `found` is what its socket reports."""
    return "\n".join([*_head(found), "", *_hosts(found["hosts"]), "", *_connections(found["connections"])]) + "\n"


def _head(found: Json) -> Iterator[str]:
    command = shlex.join(found["command"]) or "-"
    yield f"sidecar {found['pid']}: {command}, for {_time(found['age_s'])}"
    if found["listen"]:
        yield f"  proxy      http://{found['listen']}"
    yield f"  manifests  {', '.join(found['manifests'])} (Istio {found['istio']})"
    yield f"  envoy      process {found['envoy']['pid']}, its log {found['envoy']['log']}"
    numbers = ", ".join(_count(found["in_force"][key], noun) for key, noun in _KINDS)
    yield f"  in force   for {_time(found['in_force']['age_s'])}: {numbers}"
    refused = found["refused"]
    if refused:
        first, *more = refused["reason"].splitlines()
        yield f"  refused    {_time(refused['age_s'])} ago: {first}"
        yield from (f"             {line}" for line in more)
    else:
        yield "  refused    nothing"


def _hosts(hosts: Iterable[Json]) -> Iterator[str]:
    yield "hosts"
    is_any = False
    for host in sorted(hosts, key=lambda one: (one["host"], one["port"], one["subset"])):
        is_any = True
        name = f"{host['host']}:{host['port']}" + (f" subset {host['subset']}" if host["subset"] else "")
        yield f"  {name:{_WIDTH}}  {host['resolution']}{_look_ups(host['dns'])}"
        for endpoint in host["endpoints"]:
            health = "" if endpoint["is_healthy"] else ", ejected"
            counts = f"{_count(endpoint['connections'], 'connection')}, {_count(endpoint['requests'], 'request')}"
            failed = f", {endpoint['failures']} failed" if endpoint["failures"] else ""
            yield f"    {endpoint['address']:{_WIDTH - 2}}  {counts}{failed}{health}"
        if not host["endpoints"]:
            yield "    no endpoint now"
    if not is_any:
        yield "  none"


def _look_ups(dns: Json | None) -> str:
    if dns is None:
        return ""
    age = "no answer yet" if dns["age_s"] is None else f"answered {_time(dns['age_s'])} ago"
    life = "" if dns["ttl_s"] is None else f", TTL now {dns['ttl_s']} s"
    failed = f", {_count(dns['failures'], 'failed look-up')}" if dns["failures"] else ""
    return f", {age}{life}{failed}"


def _connections(connections: Iterable[Json]) -> Iterator[str]:
    """Those to servers: one line an address."""
    yield "open connections to servers"
    known = [one for one in connections if one["is_known"]]
    for address, group in groupby(known, key=lambda one: one["address"]):
        ages = sorted((one["age_s"] for one in group), reverse=True)
        span = _time(ages[0]) if len(ages) == 1 else f"{_time(ages[-1])} to {_time(ages[0])}"
        yield f"  {address:{_WIDTH}}  {_count(len(ages), 'connection')}, {span} old"
    if not known:
        yield "  none"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min {seconds % 60:.0f} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
