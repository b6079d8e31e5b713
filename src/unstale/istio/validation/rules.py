"""The way in to the rules above the schema."""

from __future__ import annotations

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.istio.faults import Faults
from unstale.istio.resource import Resource
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.sidecar import Sidecar
from unstale.istio.validation.destination_rule import check_destination_rule
from unstale.istio.validation.envoy_filter import ValueCheck, check_envoy_filter
from unstale.istio.validation.metadata import check_metadata
from unstale.istio.validation.service_entry import check_service_entry
from unstale.istio.validation.sidecar import check_sidecar
from unstale.istio.validation.virtual_service import check_virtual_service
from unstale.istio.validation.workload_entry import check_workload_entry
from unstale.istio.virtual_service import VirtualService


def validate(resource: Resource, faults: Faults, release: int, check_value: ValueCheck | None = None) -> None:
    """Check one object as Istio 1.`release` does; what is wrong, and what it would warn of, goes to `faults`."""
    check_metadata(resource.metadata, faults, release)
    match resource:
        case ServiceEntry():
            check_service_entry(resource, faults, release)
        case VirtualService():
            check_virtual_service(resource, faults, release)
        case DestinationRule():
            check_destination_rule(resource, faults, release)
        case Sidecar():
            check_sidecar(resource, faults, release)
        case EnvoyFilter():
            check_envoy_filter(resource, faults, release, check_value)
        case _:
            check_workload_entry(resource.spec, faults)
