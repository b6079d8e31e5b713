"""All resources of one run, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.sidecar import Sidecar
from unstale.istio.virtual_service import VirtualService
from unstale.istio.workload import WorkloadEntryResource
from unstale.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifests:
    """What was loaded, each kind in the order of the texts; `Manifests()` is empty.

    `skipped` counts the objects of other kinds by kind; `warnings` are problems that stop nothing.
    """

    service_entries: tuple[ServiceEntry, ...] = ()
    virtual_services: tuple[VirtualService, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    envoy_filters: tuple[EnvoyFilter, ...] = ()
    workload_entries: tuple[WorkloadEntryResource, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
