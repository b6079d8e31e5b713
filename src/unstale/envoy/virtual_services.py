"""Which VirtualServices a sidecar follows, in which order, and for which hosts.

A wildcard VirtualService reaches into the registry, and a host follows only the closest one. Both are looked up for
every listener port, so they are indexed by host once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from unstale.envoy.config_object import age, config_path
from unstale.envoy.export_to import visibility
from unstale.envoy.host import HostIndex, fqdn, is_wildcard, overlaps
from unstale.envoy.proxy import Proxy
from unstale.envoy.service import Order
from unstale.istio.mesh import MeshConfig
from unstale.istio.virtual_service import VirtualService

MESH_GATEWAY = "mesh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """One VirtualService that holds for sidecars; `rank` is its place among all, `hosts` are in full and lower case.

    `order` is that place as a key which does not depend on the others.
    """

    rank: int
    order: Order
    hosts: tuple[str, ...]
    spec: VirtualService

    @property
    def config(self) -> str:
        """Istio's mark."""
        metadata = self.spec.metadata
        return config_path("virtual-service", metadata.namespace, metadata.name)

    def destination_host(self, host: str) -> str:
        """A destination as this object means it."""
        return fqdn(host, self.spec.metadata.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualServices:
    """`ordered`: the first that has routes for a host wins. `closest`: by registry host, the one RT-6 chooses."""

    ordered: tuple[Routing, ...]
    by_host: HostIndex[list[Routing]]
    closest: dict[str, Routing] = field(default_factory=dict)
    layer4: tuple[Routing, ...] = ()
    layer4_by_host: HostIndex[list[Routing]] = field(default_factory=HostIndex)

    def for_connections_to(self, host: str) -> list[Routing]:
        """Those with `tls` or `tcp` routes of which a host is, contains or is contained in this one."""
        if is_wildcard(host):
            return [routing for routing in self.layer4 if any(overlaps(host, one) for one in routing.hosts)]
        found = list(self.layer4_by_host.values.get(host, ()))
        for routings in self.layer4_by_host.around(host):
            found.extend(routings)
        return sorted(set_of(found), key=lambda routing: routing.rank)


def set_of(routings: Iterable[Routing]) -> Iterable[Routing]:
    """Each once."""
    return {routing.rank: routing for routing in routings}.values()


def visible_routings(specs: Iterable[VirtualService], proxy: Proxy, mesh: MeshConfig) -> tuple[Routing, ...]:
    """All that hold for sidecars and are exported to the proxy, in their order."""
    return tuple(
        Routing(
            rank=rank, order=order, spec=spec, hosts=tuple(fqdn(host, spec.metadata.namespace) for host in spec.hosts)
        )
        for rank, (order, spec) in enumerate(_visible(specs, proxy, mesh))
    )


def build_virtual_services(ordered: tuple[Routing, ...], hosts: Iterable[str]) -> VirtualServices:
    """Index them; `hosts` are those of the registry in lower case."""
    layer4 = tuple(routing for routing in ordered if routing.spec.tls or routing.spec.tcp)
    by_host = _index(ordered)
    closest = {host: found[0] for host in hosts if (found := by_host.most_specific(host))}
    return VirtualServices(
        ordered=ordered, by_host=by_host, closest=closest, layer4=layer4, layer4_by_host=_index(layer4)
    )


def _visible(specs: Iterable[VirtualService], proxy: Proxy, mesh: MeshConfig) -> Iterator[tuple[Order, VirtualService]]:
    """SC-5: private ones, then those exported by name, then public ones, each from the oldest on."""
    seen = []
    for spec in specs:
        metadata = spec.metadata
        how = visibility(spec.export_to, metadata.namespace, proxy.namespace, mesh.default_virtual_service_export_to)
        is_delegate = not spec.hosts
        if how is not None and not is_delegate and MESH_GATEWAY in (spec.gateways or (MESH_GATEWAY,)):
            seen.append(((how, age(metadata), f"{metadata.name}.{metadata.namespace}"), spec))
    yield from sorted(seen, key=lambda pair: pair[0])


def _index(routings: Iterable[Routing]) -> HostIndex[list[Routing]]:
    index: HostIndex[list[Routing]] = HostIndex()
    for routing in routings:
        for host in dict.fromkeys(routing.hosts):
            index.setdefault(host, []).append(routing)
    return index
