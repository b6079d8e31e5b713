"""The kinds of objects that are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.sidecar import Sidecar
from unstale.istio.virtual_service import VirtualService
from unstale.istio.workload import WorkloadEntryResource

Resource: TypeAlias = ServiceEntry | VirtualService | DestinationRule | Sidecar | EnvoyFilter | WorkloadEntryResource

CLASSES: Mapping[str, type[Resource]] = {
    "ServiceEntry": ServiceEntry,
    "VirtualService": VirtualService,
    "DestinationRule": DestinationRule,
    "Sidecar": Sidecar,
    "EnvoyFilter": EnvoyFilter,
    "WorkloadEntry": WorkloadEntryResource,
}
_KINDS = {made: kind for kind, made in CLASSES.items()}


def kind_of(resource: Resource) -> str:
    """The `kind` that was written."""
    return _KINDS[type(resource)]
