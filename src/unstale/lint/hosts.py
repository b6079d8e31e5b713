"""The hosts of all ServiceEntries and their ports, indexed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from unstale.envoy.catalogue import Catalogue, build_catalogue, is_visible
from unstale.envoy.export_to import resolved
from unstale.envoy.host import HostIndex, suffix_patterns
from unstale.envoy.proxy import Proxy
from unstale.envoy.service import Service
from unstale.lint.given import Given
from unstale.lint.host_port import HostPort, host_ports


@dataclass(kw_only=True)
class Hosts(Given):
    """Which hosts there are, and which definition of one a namespace sees."""

    _services: dict[tuple[str, str], Service | None] = field(default_factory=dict)

    @cached_property
    def catalogue(self) -> Catalogue:
        """All services, the oldest first."""
        return build_catalogue(self.manifests.service_entries, self.proxy or Proxy(), self.settings, self.release)

    @cached_property
    def definitions(self) -> HostIndex[list[Service]]:
        """All services by host in lower case, the oldest first."""
        index: HostIndex[list[Service]] = HostIndex()
        for service in self.catalogue.every:
            index.setdefault(service.key, []).append(service)
        return index

    def find(self, host: str, viewer: str) -> Service | None:
        """The service that a pod of that namespace reaches under a host in lower case, wildcards last."""
        key = (host, viewer)
        if key not in self._services:
            self._services[key] = self._find(host, viewer)
        return self._services[key]

    def _find(self, host: str, viewer: str) -> Service | None:
        exact = self.definitions.values.get(host)
        for found in (*([exact] if exact else ()), *self.definitions.around(host)):
            seen = self.visible(found, viewer)
            if seen:
                return next((one for one in seen if one.namespace == viewer), seen[0])
        return None

    def visible(self, services: Sequence[Service], viewer: str) -> list[Service]:
        """Those exported to a namespace."""
        proxy = Proxy(namespace=viewer)
        return [service for service in services if is_visible(service, proxy, self.settings)]

    def meet(self, one: Service, other: Service) -> bool:
        """Some namespace sees both."""
        default = self.settings.default_service_export_to
        first = resolved(one.entry.export_to, one.namespace, default)
        second = resolved(other.entry.export_to, other.namespace, default)
        return has_common(first, second)

    def is_known(self, host: str) -> bool:
        """A ServiceEntry of these files is for the host, visible or not, broken or not."""
        return self.definitions.most_specific(host) is not None or host in self.surroundings.unread_hosts

    @cached_property
    def ports(self) -> tuple[HostPort, ...]:
        """Every port of every host of every ServiceEntry that the proxy sees, in the order of the manifests."""
        return tuple(
            port
            for entry in self.manifests.service_entries
            for port in host_ports(entry, self.proxy or Proxy(), self.release)
            if self.proxy is None or is_visible(port.service, self.proxy, self.settings)
        )

    @cached_property
    def external_ports(self) -> tuple[HostPort, ...]:
        """Those of hosts outside of the mesh."""
        return tuple(port for port in self.ports if port.is_external)

    @cached_property
    def external_http(self) -> tuple[HostPort, ...]:
        """Those on which sidecars parse HTTP."""
        return tuple(port for port in self.external_ports if port.protocol.is_http)

    @cached_property
    def external_opaque(self) -> tuple[HostPort, ...]:
        """Those through which bytes pass unread, encrypted or not."""
        return tuple(port for port in self.external_ports if port.protocol.is_tcp)

    @cached_property
    def suffixes(self) -> frozenset[str]:
        """All wildcards that some known host is inside of."""
        return frozenset(pattern for host in self.definitions.values for pattern in suffix_patterns(host))

    @cached_property
    def entries_by_host(self) -> Mapping[str, list[HostPort]]:
        """The ports by host in lower case."""
        found: dict[str, list[HostPort]] = {}
        for port in self.ports:
            found.setdefault(port.key, []).append(port)
        return found


def has_common(one: frozenset[str], other: frozenset[str]) -> bool:
    """Two sets of namespaces, `*` for all and `~` for none, have one in common."""
    one, other = one - {"~"}, other - {"~"}
    return bool(one and other) and ("*" in one | other or not one.isdisjoint(other))
