"""One port of one host of a ServiceEntry: what most pitfalls are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from unstale.envoy import protocol
from unstale.envoy.protocol import Protocol
from unstale.envoy.proxy import CLUSTER_DOMAIN, Proxy
from unstale.envoy.release import Release
from unstale.envoy.service import DNS, Service, services_of
from unstale.istio.message import origin_of
from unstale.istio.service_entry import Resolution, ServiceEntry, ServicePort
from unstale.model.origin import Origin

_MOST_NAMES = 2
_NAME = re.compile(r"(\*|[a-z0-9_*-]+)(\.[a-z0-9_-]+)*\.?", re.IGNORECASE)
_ENDINGS = frozenset(
    (
        "com",
        "org",
        "net",
        "io",
        "dev",
        "app",
        "cloud",
        "co",
        "ai",
        "gov",
        "edu",
        "info",
        "biz",
        "eu",
        "de",
        "uk",
        "fr",
        "nl",
        "us",
        "ca",
        "jp",
        "in",
        "au",
        "br",
        "ch",
        "se",
        "es",
        "it",
        "pl",
        "online",
    )
)
"""Ends of names that are surely public; `reviews.shop` is a Service of the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPort:
    """`service` is the host under the first of its addresses; `place` is where the host is written.

    `key` is the host in lower case. `names` is what the proxy asks DNS for: the host, or its endpoints that are
    names. `is_external` says that it is outside of the mesh, and no Service of the cluster under another name.
    """

    entry: ServiceEntry
    service: Service
    port: ServicePort
    protocol: Protocol
    place: Origin
    key: str
    names: tuple[str, ...]
    is_external: bool

    @property
    def host(self) -> str:
        """As it is written."""
        return self.service.host

    @property
    def number(self) -> int:
        """The port that is called."""
        return self.port.number

    @property
    def is_dns(self) -> bool:
        """The proxy asks DNS for its addresses, again and again."""
        return self.service.resolution in DNS and bool(self.names)

    @property
    def is_first(self) -> bool:
        """The first port of its entry: for what is told once a host."""
        return self.port is self.entry.ports[0]

    @property
    def is_first_host(self) -> bool:
        """A port of the first host of its entry: for what is told once an entry."""
        return self.entry.hosts[0] == self.host

    @property
    def is_dynamic(self) -> bool:
        """Each name of a wildcard is looked up when it is asked for."""
        return self.service.resolution is Resolution.DYNAMIC_DNS

    @property
    def port_place(self) -> Origin:
        """Where the port is written."""
        return self.port.origin

    @property
    def resolution_place(self) -> Origin:
        """Where the resolution is written, or the entry that has none."""
        return origin_of(self.entry, "resolution")


def host_ports(entry: ServiceEntry, proxy: Proxy, release: Release) -> Iterator[HostPort]:
    """All of one entry, hosts in their order, an address more or less making no difference."""
    seen: set[str] = set()
    protocols = [protocol.parse(port.protocol) for port in entry.ports]
    for service in services_of(entry, proxy, release):
        if service.host in seen:
            continue
        seen.add(service.host)
        place = origin_of(entry, f"hosts[{entry.hosts.index(service.host)}]")
        key, names = service.key, _names(service)
        is_external = service.is_external and not is_inside(key)
        for port, spoken in zip(entry.ports, protocols, strict=True):
            yield HostPort(
                entry=entry,
                service=service,
                port=port,
                protocol=spoken,
                place=place,
                key=key,
                names=names,
                is_external=is_external,
            )


def _names(service: Service) -> tuple[str, ...]:
    entry = service.entry
    if not entry.endpoints:
        return (service.key,) if service.resolution in DNS and not service.key.startswith("*") else ()
    found = (endpoint.address or "" for endpoint in entry.endpoints)
    return tuple(dict.fromkeys(name.lower() for name in found if is_name(name)))


def by_port(ports: Iterable[HostPort]) -> Iterator[tuple[HostPort, str]]:
    """One for each port of each entry, with the names of its hosts: what is true of one is told once for all."""
    groups: dict[int, list[HostPort]] = {}
    for port in ports:
        groups.setdefault(id(port.port), []).append(port)
    for group in groups.values():
        yield group[0], hosts_of(group)


def hosts_of(group: Sequence[HostPort]) -> str:
    """`a`, `a and b`, `a and 3 more`."""
    names = list(dict.fromkeys(port.host for port in group))
    if len(names) > _MOST_NAMES:
        return f"{names[0]} and {len(names) - 1} more"
    return " and ".join(names)


def is_inside(host: str) -> bool:
    """A Service of a Kubernetes cluster, short names included; what is no name (a placeholder) counts as one."""
    if "." not in host or not _NAME.fullmatch(host):
        return True
    return host.endswith((".svc", f".{CLUSTER_DOMAIN}", ".local")) or ".svc." in host


def in_full(host: str) -> str:
    """What to write for `reviews.shop`, which Istio does not take for a Service; empty where it surely is none."""
    name, _, namespace = host.partition(".")
    if "." in namespace or is_public(host) or name.startswith("*"):
        return ""
    return f"Write {name}.{namespace}.svc.{CLUSTER_DOMAIN} if the Service is meant, or add a ServiceEntry."


def is_public(host: str) -> bool:
    """The end of the name is one of the Internet's."""
    return host.rpartition(".")[2] in _ENDINGS


def is_name(text: str) -> bool:
    """A name that DNS can be asked for, not an address or a socket."""
    return any(letter.isalpha() for letter in text) and ":" not in text and "/" not in text
