"""Which virtual host of a route configuration takes a request, by its host header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from unstale.envoy.resource import Json

_PORT = re.compile(r":[0-9]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A virtual host and the one of its domains that matched."""

    value: Json
    domain: str


def find_virtual_host(configuration: Json, authority: str) -> Found | None:
    """An exact domain, else the longest `*.suffix`, else the longest `prefix.*`, else `*`."""
    host = authority.lower()
    if configuration.get("ignore_port_in_host_matching"):
        host = without_port(host)
    closest: tuple[int, int] = (0, 0)
    found: Found | None = None
    for value in configuration.get("virtual_hosts", ()):
        for domain in value.get("domains", ()):
            rank = _rank(domain.lower(), host)
            if rank > closest:
                closest, found = rank, Found(value=value, domain=domain)
    return found


def without_port(host: str) -> str:
    """Without a port at the end; a bare IPv6 address has none."""
    if host.count(":") > 1 and not host.startswith("["):
        return host
    return _PORT.sub("", host)


def domains(configuration: Json) -> Iterator[str]:
    """All of them."""
    for value in configuration.get("virtual_hosts", ()):
        yield from value.get("domains", ())


def _rank(domain: str, host: str) -> tuple[int, int]:
    if domain == "*":
        return 1, 0
    if domain == host:
        return 4, 0
    if len(domain) > len(host):
        return 0, 0
    if domain.startswith("*"):
        return (3, len(domain)) if host.endswith(domain[1:]) else (0, 0)
    if domain.endswith("*"):
        return (2, len(domain)) if host.startswith(domain[:-1]) else (0, 0)
    return 0, 0
