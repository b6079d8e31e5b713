"""The virtual hosts of one listener port: which hosts follow which VirtualService there (RT-2, RT-5, RT-6).

"In the registry" is judged for each port: a host that is known on another port only is unknown here, and an unknown
host counts on port 80 alone, or beside a known host of the same VirtualService.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from unstale.envoy.host import alternative_names, is_subset_of, is_wildcard, suffix_patterns
from unstale.envoy.http_routes import HttpRoutes, default_route
from unstale.envoy.resource import Json, Origins
from unstale.envoy.scope import Scope
from unstale.envoy.service import UNSPECIFIED, Service
from unstale.envoy.virtual_services import Routing, set_of

_HTTP_PORT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualHost:
    """One of Envoy's virtual hosts and the manifests behind it; `owner` is the host it is for, in lower case."""

    name: str
    owner: str
    value: Json
    origins: Origins

    @property
    def clusters(self) -> Iterator[str]:
        """All clusters its routes name."""
        for route in self.value["routes"]:
            action = route.get("route", {})
            if "cluster" in action:
                yield action["cluster"]
            for cluster in action.get("weighted_clusters", {}).get("clusters", ()):
                yield cluster["name"]
            for mirror in action.get("request_mirror_policies", ()):
                yield mirror["cluster"]


@dataclass(slots=True, kw_only=True)
class VirtualHosts:
    """Collects them for one port; names and domains are unique, the first comer keeps them.

    `registered` are all hosts with that port, by their youngest definition; only those that speak HTTP there are known.
    Port 0 stands for a proxy port, where all ports of all hosts are served and the request names the one that it wants.
    """

    scope: Scope
    port: int
    registered: Mapping[str, Service]
    known: dict[str, Service] = field(init=False)
    hosts: dict[str, VirtualHost] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known = {host: service for host, service in self.registered.items() if self._ports(service)}

    def collect(self) -> list[VirtualHost]:
        """Hosts of VirtualServices first, then those that are left, all in the order of their names."""
        matched, reached = self._matched_by_closest(), self._narrower_patterns()
        covered: set[str] = set()
        for routing in self._candidates():
            covered |= self._add_routing(routing, matched.get(routing.rank, ()), reached)
        for host in sorted(self.known.keys() - covered):
            service = self.known[host]
            for port in self._ports(service):
                self._add(host, port, service, [default_route(self.scope, service, port)], ())
        return sorted(self.hosts.values(), key=lambda one: one.name)

    def _ports(self, service: Service) -> list[int]:
        """Those on which the host speaks HTTP here."""
        return [
            port.number
            for port in service.ports
            if port.number == (self.port or port.number) and port.protocol.is_http_or_sniffed
        ]

    def _candidates(self) -> Iterable[Routing]:
        """The VirtualServices that can matter on this port, in their order."""
        services = self.scope.virtual_services
        if self.port == _HTTP_PORT:
            return services.ordered
        found: list[Routing] = []
        for host in self.known:
            found.extend(services.by_host.values.get(host, ()))
            for routings in services.by_host.around(host):
                found.extend(routings)
        return sorted(set_of(found), key=lambda routing: routing.rank)

    def _matched_by_closest(self) -> dict[int, list[str]]:
        """The known hosts by the rank of the VirtualService that is closest to them."""
        matched: dict[int, list[str]] = {}
        for host in sorted(self.known):
            routing = self.scope.virtual_services.closest.get(host)
            if routing is not None:
                matched.setdefault(routing.rank, []).append(host)
        return matched

    def _narrower_patterns(self) -> set[str]:
        """The wildcards of VirtualServices that some registered host is inside of."""
        by_host = self.scope.virtual_services.by_host
        if not by_host.wildcards:
            return set()
        return {pattern for host in self.registered for pattern in suffix_patterns(host) if pattern in by_host.values}

    def _add_routing(self, routing: Routing, matched: Sequence[str], reached: set[str]) -> set[str]:
        """Add the hosts of one VirtualService; returns the known ones that it covers."""
        routes = HttpRoutes(scope=self.scope, routing=routing, listener_port=self.port).routes()
        if not routes:
            return set()
        known = [host for host in routing.hosts if host in self.known and not is_wildcard(host)]
        unknown = [host for host in routing.hosts if host not in self.registered and not is_wildcard(host)]
        for pattern in filter(is_wildcard, routing.hosts):
            known.extend(host for host in matched if is_subset_of(host, pattern))
            is_inside = not self.registered.keys().isdisjoint(suffix_patterns(pattern))
            if pattern not in reached and not is_inside:
                unknown.append(pattern)
        by_port: dict[int, list[str]] = {}
        for host in known:
            for port in self._ports(self.known[host]):
                by_port.setdefault(port, []).append(host)
        if not by_port and self.port == _HTTP_PORT:
            by_port[_HTTP_PORT] = []
        origins = (routing.spec.origin,)
        for port, hosts in sorted(by_port.items()):
            for host in unknown:
                self._add(host, port, None, routes, origins)
            for host in hosts:
                self._add(host, port, self.known[host], routes, origins)
        return set(known)

    def _add(self, host: str, port: int, service: Service | None, routes: list[Json], origins: Origins) -> None:
        name = f"{host}:{port}"
        if name in self.hosts:
            return
        domains = [domain for domain in self._domains(host, port, service) if domain not in self.domains]
        self.domains.update(domains)
        if not self.port and port != _HTTP_PORT:
            domains = [domain for domain in domains if ":" in domain]
        if not domains:
            return
        value: Json = {"name": name, "domains": domains, "routes": routes}
        if self.scope.proxy_headers.counts_attempts:
            value["include_request_attempt_count"] = True
        origins = self.scope.registry.origins(host) + origins
        self.hosts[name] = VirtualHost(name=name, owner=host, value=value, origins=origins)

    def _domains(self, host: str, port: int, service: Service | None) -> Iterator[str]:
        """A known host also under its absolute name, its short names unless they are hosts, and its addresses.

        On a proxy port each name stands with the number too.
        """
        names = [host] if service is None else self._names(host, service)
        for name in names:
            yield name
            if service is not None and not self.port:
                yield f"{name}:{port}"

    def _names(self, host: str, service: Service) -> list[str]:
        names = [host]
        if self.scope.release.knows_absolute_names:
            names.append(f"{host}.")
        others = alternative_names(host, self.scope.proxy.dns_domain)
        addresses = (one for one in (service.address, *service.more_addresses) if one != UNSPECIFIED)
        return [
            *names,
            *(name for name in others if name not in self.known),
            *(f"[{address}]" if ":" in address else address for address in addresses),
        ]
