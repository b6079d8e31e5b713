"""WorkloadEntries: which of them serve a ServiceEntry that selects by labels (SE-7).

Found by label, not by trying each: a mesh may have thousands of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from unstale.envoy.endpoint import SOCKET, Endpoint, workload_endpoints
from unstale.envoy.service import DNS, Service
from unstale.envoy.topology import locality_label, with_topology
from unstale.istio.validation.names import is_address
from unstale.istio.workload import WorkloadEntryResource

_HEALTH_CHECKED = "proxy.istio.io/health-checks-enabled"
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One WorkloadEntry; `labels` are all that Istio gives it, `is_named` that only DNS can tell where it is."""

    resource: WorkloadEntryResource
    labels: Mapping[str, str]
    is_named: bool


@dataclass(frozen=True, slots=True)
class Workloads:
    """Those that may be sent traffic, by namespace and by namespace and label."""

    by_namespace: dict[str, list[Workload]] = field(default_factory=dict)
    by_label: dict[tuple[str, str, str], list[Workload]] = field(default_factory=dict)

    def endpoints_of(self, service: Service) -> Iterator[Endpoint]:
        """The selected ones, in the order of their names; names that only DNS knows are for DNS hosts."""
        selector = service.entry.workload_selector
        if selector is None:
            return
        for workload in self._selected(service.namespace, selector.labels):
            if not workload.is_named or service.resolution in DNS:
                yield from workload_endpoints(workload.resource.spec, service, workload.labels)

    def _selected(self, namespace: str, labels: Mapping[str, str]) -> Iterable[Workload]:
        candidates = [self.by_label.get((namespace, name, value), []) for name, value in labels.items()]
        fewest = min(candidates, key=len, default=self.by_namespace.get(namespace, []))
        return (one for one in fewest if all(one.labels.get(name) == value for name, value in labels.items()))


def build_workloads(resources: Iterable[WorkloadEntryResource]) -> Workloads:
    """Index those that are not known to be ill."""
    workloads = Workloads()
    for resource in sorted(resources, key=lambda one: (one.metadata.namespace, one.metadata.name)):
        if not _is_healthy(resource):
            continue
        workload = _workload(resource)
        namespace = resource.metadata.namespace
        workloads.by_namespace.setdefault(namespace, []).append(workload)
        for name, value in workload.labels.items():
            workloads.by_label.setdefault((namespace, name, value), []).append(workload)
    return workloads


def _workload(resource: WorkloadEntryResource) -> Workload:
    spec, labels = resource.spec, {**resource.spec.labels, **resource.metadata.labels}
    address = spec.address or ""
    return Workload(
        resource=resource,
        labels=with_topology(labels, locality=spec.locality or locality_label(labels), network=spec.network or ""),
        is_named=address.startswith(SOCKET) or bool(address and not is_address(address)),
    )


def _is_healthy(resource: WorkloadEntryResource) -> bool:
    """What is checked is ill until it is found well."""
    if resource.metadata.annotations.get(_HEALTH_CHECKED, "") not in _TRUE:
        return True
    return any(one.type == "Healthy" and one.status.lower() == "true" for one in resource.conditions)
