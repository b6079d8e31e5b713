"""How long Envoy waits between two look-ups where the answer gives it no time of its own."""

from __future__ import annotations

from unstale.envoy import cluster_name
from unstale.envoy.envoy_filter.cluster import patch_clusters
from unstale.envoy.envoy_filter.patch import Applied, Patch
from unstale.envoy.envoy_filter.selection import select_patches
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Resource
from unstale.istio.duration import Duration
from unstale.lint.host_port import HostPort
from unstale.lint.view import View

LONGEST_S = 10.0
"""What is still called short: an outage of that length is within the patience of most callers."""

ENVOY_S = 5.0
"""Envoy's own rate, for a cluster that a patch put in the place of Istio's (cluster.proto, dns_refresh_rate)."""


def refresh_s(port: HostPort, view: View) -> float:
    """Seconds: the mesh's `dnsRefreshRate` after the EnvoyFilters of the pod, or of a pod beside the ServiceEntry."""
    rate = view.settings.dns_refresh_rate
    patches = cluster_patches(view, view.proxy or Proxy(namespace=port.service.namespace))
    if not patches:
        return rate.seconds
    name = cluster_name.outbound(port.key, port.number)
    cluster = Resource(name=name, value={"name": name, "dns_refresh_rate": rate.protobuf})
    found = patch_clusters([cluster], patches, Applied())
    text = found[0].value.get("dns_refresh_rate") if found else None
    if not isinstance(text, str):
        return ENVOY_S if found else rate.seconds
    try:
        return Duration.parse(text).seconds
    except ValueError:
        return rate.seconds


def cluster_patches(view: View, proxy: Proxy) -> list[Patch]:
    """The patches for clusters that such a pod gets."""
    if not view.manifests.envoy_filters:
        return []
    known = view.patches_by_pod.get(proxy.namespace)
    if known is None:
        root, version = view.settings.root_namespace, f"{view.release}.0"
        selected = select_patches(view.manifests.envoy_filters, proxy, root, version, Applied())
        known = view.patches_by_pod[proxy.namespace] = selected.get("CLUSTER", [])
    return known
