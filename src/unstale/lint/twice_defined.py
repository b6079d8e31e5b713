"""Ports of a host that two ServiceEntries of one namespace define."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unstale.envoy.protocol import parse
from unstale.envoy.service import Service, name_of
from unstale.istio.service_entry import ServicePort
from unstale.lint.same_object import is_same_object
from unstale.lint.view import View
from unstale.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """`first` is the older definition; `port` is the port as the second one has it."""

    first: Service
    second: Service
    first_port: ServicePort
    port: ServicePort

    @property
    def has_other_protocol(self) -> bool:
        """Spelling apart; HTTPS and TLS are the same to a sidecar."""
        one, other = parse(self.first_port.protocol), parse(self.port.protocol)
        return one is not other and not (one.is_tls and other.is_tls)

    @property
    def older(self) -> str:
        """The object of the first definition and where it is."""
        return f"ServiceEntry {name_of(self.first.entry.metadata)} ({self.first.entry.origin})"

    @property
    def place(self) -> Origin:
        """The second definition of the port."""
        return self.port.origin


def twice_defined(view: View) -> Iterator[Pair]:
    """Each port of a later definition that an older one has as well."""
    for services in view.definitions.values.values():
        if len(services) < 2:
            continue
        firsts: dict[tuple[str, int], tuple[Service, ServicePort]] = {}
        seen: set[int] = set()
        for service in services:
            if id(service.entry) in seen:
                continue
            seen.add(id(service.entry))
            for port in service.entry.ports:
                first, first_port = firsts.setdefault((service.namespace, port.number), (service, port))
                if not is_same_object(first.entry.metadata, service.entry.metadata):
                    yield Pair(first=first, second=service, first_port=first_port, port=port)
