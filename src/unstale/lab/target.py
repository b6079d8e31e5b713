"""Whom the application calls, and which names and addresses the world must have for that."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy.protocol import Protocol, parse
from unstale.istio.manifests import Manifests
from unstale.istio.validation.names import is_address
from unstale.lab.world import World
from unstale.model.errors import InputError

_CALLED = (Protocol.HTTP, Protocol.UNSUPPORTED)
"""The application and the nodes speak HTTP/1.1: ports whose cluster is HTTP/2 would fail in any weather."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The application calls `http://host:port`; `hosts` all resolve, every node listens on `ports`.

    `addresses` are IPv4 addresses that manifests name themselves (STATIC endpoints): nodes answer there as well.
    `world` is the one that the application will live in, for policies that follow from its facts: the time to live,
    the number of addresses, who forgets a connection when, who speaks TLS. `slowest_answer_s` is what the application
    knows of its server: the longest that a good answer takes.
    """

    host: str
    port: int = 80
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = (80,)
    addresses: tuple[str, ...] = ()
    world: World | None = None
    slowest_answer_s: float | None = None


ARTICLE = Target(host="host1.yourdomain.com", hosts=("host1.yourdomain.com", "host2.yourdomain.com"))
"""The host of the article's manifests."""


def target_of(manifests: Manifests, *, host: str | None = None, port: int | None = None) -> Target:
    """The target that `manifests` speak of: their first HTTP port of their first host, unless told otherwise.

    Raises InputError where no ServiceEntry has a host and HTTP port that can be called.
    """
    found = [place for place in _callable_places(manifests) if host in (None, place[0]) and port in (None, place[1])]
    if not found:
        wanted = f"{host or 'any host'}:{port or 'any port'}"
        raise InputError(
            f"manifests: no ServiceEntry with an HTTP port to call ({wanted}). "
            "A ServiceEntry with a host without a wildcard and a port of protocol HTTP (HTTP/1.1) is needed."
        )
    chosen_host, chosen_port = found[0]
    entries = manifests.service_entries
    hosts = tuple(dict.fromkeys(name for entry in entries for name in entry.hosts if "*" not in name))
    endpoints = [endpoint for entry in entries for endpoint in entry.endpoints]
    names = tuple(endpoint.address for endpoint in endpoints if not is_address(endpoint.address or ""))
    return Target(
        host=chosen_host,
        port=chosen_port,
        hosts=tuple(dict.fromkeys((*hosts, *(name for name in names if name)))),
        ports=_listening_ports(manifests),
        addresses=tuple(
            dict.fromkeys(point.address for point in endpoints if point.address and _is_ipv4(point.address))
        ),
    )


def _callable_places(manifests: Manifests) -> list[tuple[str, int]]:
    return [
        (name, port.number)
        for entry in manifests.service_entries
        for name in entry.hosts
        if "*" not in name
        for port in entry.ports
        if parse(port.protocol) in _CALLED
    ]


def _listening_ports(manifests: Manifests) -> tuple[int, ...]:
    ports: dict[int, None] = {80: None}
    for entry in manifests.service_entries:
        for port in entry.ports:
            ports[port.target_port or port.number] = None
        for endpoint in entry.endpoints:
            ports.update(dict.fromkeys(number for number in (endpoint.ports or {}).values()))
    return tuple(ports)


def _is_ipv4(text: str) -> bool:
    return is_address(text) and ":" not in text
