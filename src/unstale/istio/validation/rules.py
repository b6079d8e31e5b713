"""The way in to the rules above the schema."""

from __future__ import annotations

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.faults import Faults
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.validation.destination_rule import check_destination_rule
from unstale.istio.validation.metadata import check_metadata
from unstale.istio.validation.service_entry import check_service_entry
from unstale.istio.validation.virtual_service import check_virtual_service
from unstale.istio.virtual_service import VirtualService


def validate(resource: ServiceEntry | VirtualService | DestinationRule, faults: Faults, release: int) -> None:
    """Check one object as Istio 1.`release` does; what is wrong, and what it would warn of, goes to `faults`."""
    check_metadata(resource.metadata, faults)
    if isinstance(resource, ServiceEntry):
        check_service_entry(resource, faults, release)
    elif isinstance(resource, VirtualService):
        check_virtual_service(resource, faults)
    else:
        check_destination_rule(resource, faults)
