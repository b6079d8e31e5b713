"""The names by which one object has to do with others: hosts, addresses, destinations, labels, delegates.

Whatever makes two hosts compete for a place in Envoy's configuration is a name that both have. A name too many only
makes a change reach further than it must; a name too few would leave something as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from unstale.envoy.host import alternative_names, fqdn, is_wildcard
from unstale.envoy.topology import locality_label, with_topology
from unstale.istio.resource import Resource
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.virtual_service import Destination, VirtualService
from unstale.istio.workload import WorkloadEntryResource

Label = tuple[str, str, str]
"""Namespace, name and value; name and value are empty for any workload of the namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """`owners` are hosts in full and lower case, `plain` all names that must be unique, without a dot at the end.

    `wildcards` are those of the owners; `destinations` hosts that are routed to; `labels` those of a workload, or
    those that a host's workloads must have.
    """

    owners: tuple[str, ...]
    plain: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    delegates: tuple[str, ...] = ()


def names_of(resource: Resource, dns_domain: str) -> Names | None:
    """None for what is not about hosts of its own: DestinationRules, Sidecars, EnvoyFilters."""
    match resource:
        case ServiceEntry():
            return _service_entry(resource, dns_domain)
        case VirtualService():
            return _virtual_service(resource, dns_domain)
        case WorkloadEntryResource():
            return _workload(resource)
        case _:
            return None


def _service_entry(entry: ServiceEntry, dns_domain: str) -> Names:
    hosts = tuple(host.lower() for host in entry.hosts)
    addresses = [*entry.addresses, *(one for some in entry.status_addresses.values() for one in some)]
    addresses += [endpoint.address for endpoint in entry.endpoints if endpoint.address]
    selector, namespace = entry.workload_selector, entry.metadata.namespace
    labels: Iterable[Label] = ()
    if selector is not None:
        labels = [(namespace, name, value) for name, value in selector.labels.items()] or [(namespace, "", "")]
    return Names(
        owners=hosts,
        plain=_unique([*_plain(hosts, dns_domain), *(address.partition("/")[0] for address in addresses)]),
        wildcards=tuple(filter(is_wildcard, hosts)),
        labels=tuple(labels),
    )


def _virtual_service(service: VirtualService, dns_domain: str) -> Names:
    metadata = service.metadata
    own = f"{metadata.namespace}/{metadata.name}"
    hosts = tuple(fqdn(host, metadata.namespace) for host in service.hosts)
    asked = (rule.delegate for rule in service.http if rule.delegate is not None)
    delegates = [f"{one.namespace or metadata.namespace}/{one.name or ''}" for one in asked]
    return Names(
        owners=hosts or (own,),
        plain=_plain(hosts, dns_domain),
        wildcards=tuple(filter(is_wildcard, hosts)),
        destinations=_unique(fqdn(one.host, metadata.namespace) for one in _destinations(service)),
        delegates=tuple(delegates) if hosts else (*delegates, own),
    )


def _workload(resource: WorkloadEntryResource) -> Names:
    spec, namespace = resource.spec, resource.metadata.namespace
    own = {**spec.labels, **resource.metadata.labels}
    labels = with_topology(own, locality=spec.locality or locality_label(own), network=spec.network or "")
    return Names(
        owners=(),
        plain=(spec.address,) if spec.address else (),
        labels=((namespace, "", ""), *((namespace, name, value) for name, value in labels.items())),
    )


def _destinations(service: VirtualService) -> Iterator[Destination]:
    for rule in service.http:
        yield from (split.destination for split in rule.route)
        if rule.mirror is not None:
            yield rule.mirror
        yield from (mirror.destination for mirror in rule.mirrors)
    routes = (*(rule.route for rule in service.tcp), *(rule.route for rule in service.tls))
    yield from (split.destination for route in routes for split in route)


def _plain(hosts: Iterable[str], dns_domain: str) -> tuple[str, ...]:
    names = (name for host in hosts for name in (host, *alternative_names(host, dns_domain)))
    return _unique(name.rstrip(".") for name in names)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
