"""Where a workload runs, as text and as the labels that Istio gives it for that."""

from __future__ import annotations

from collections.abc import Mapping

from unstale.envoy.resource import Json

REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"
SUB_ZONE = "topology.istio.io/subzone"
NETWORK = "topology.istio.io/network"
CLUSTER = "topology.istio.io/cluster"
CLUSTER_ID = "Kubernetes"
_LOCALITIES = ("topology.istio.io/locality", "istio-locality")


def parts_of(locality: str) -> tuple[str, str, str]:
    """Region, zone and sub-zone of `region/zone/sub_zone` or less of it."""
    region, zone, sub_zone, *_ = (*locality.split("/"), "", "")
    return region, zone, sub_zone


def locality_message(locality: str) -> Json:
    """Envoy's form."""
    return {name: part for name, part in zip(("region", "zone", "sub_zone"), parts_of(locality), strict=True) if part}


def locality_label(labels: Mapping[str, str]) -> str:
    """What Istio's own labels say; dots stand for the slashes that a label cannot have."""
    text = next((labels[name] for name in _LOCALITIES if name in labels), "")
    return text if "/" in text else text.replace(".", "/")


def with_topology(
    labels: Mapping[str, str], *, locality: str, cluster: str = CLUSTER_ID, network: str = ""
) -> dict[str, str]:
    """The labels that subsets, failover priorities and source conditions are compared with."""
    region, zone, sub_zone = parts_of(locality)
    added = {REGION: region, ZONE: zone, SUB_ZONE: sub_zone, CLUSTER: cluster}
    found = {**labels, **{name: value for name, value in added.items() if value}}
    if network and not found.get(NETWORK):
        found[NETWORK] = network
    return found
