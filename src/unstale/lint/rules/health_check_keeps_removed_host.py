"""Active health checks keep addresses that have left DNS.

What it means
A cluster with active health checks does not drop an address when DNS drops it, as long as the address still answers the
checks. Requests go on to servers that were taken out of service on purpose.

How we know
An EnvoyFilter adds `health_checks` to clusters without `ignore_health_on_host_removal: true`, and a host of these files
is looked up by the proxy.

What to do
Add `ignore_health_on_host_removal: true` to the same patch.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: checks
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch:
          operation: MERGE
          value:
            health_checks:
            - {timeout: 1s, interval: 5s, unhealthy_threshold: 2, healthy_threshold: 1, tcp_health_check: {}}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: checks
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch:
          operation: MERGE
          value:
            ignore_health_on_host_removal: true
            health_checks:
            - {timeout: 1s, interval: 5s, unhealthy_threshold: 2, healthy_threshold: 1, tcp_health_check: {}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.envoy_filter import ApplyTo, EnvoyConfigObjectPatch
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_CHECKS = ("health_checks", "healthChecks")
_IGNORES = ("ignore_health_on_host_removal", "ignoreHealthOnHostRemoval")


def _check(view: View) -> Iterator[Hit]:
    looked_up = {port.key for port in view.ports if port.is_dns}
    if not looked_up:
        return
    for one in view.manifests.envoy_filters:
        for entry in one.config_patches:
            value = (entry.patch and entry.patch.value) or {}
            checks = next((name for name in _CHECKS if value.get(name)), None)
            if entry.apply_to is not ApplyTo.CLUSTER or checks is None or any(value.get(name) for name in _IGNORES):
                continue
            host = _host(entry)
            if entry.patch is not None and (not host or host in looked_up):
                message = f"health_checks for {host or 'all clusters'} keep addresses that DNS has dropped"
                yield Hit(origin=origin_of(entry.patch, f"value.{checks}"), message=message)


def _host(entry: EnvoyConfigObjectPatch) -> str:
    cluster = entry.match.cluster if entry.match else None
    if cluster is None:
        return ""
    return (cluster.name or "").rpartition("|")[2] or cluster.service or ""


RULE = Rule(
    code="UNS312",
    severity=Severity.WARNING,
    check=_check,
    why="An address that still answers the checks stays in the cluster although DNS has dropped it.",
    fix="Add ignore_health_on_host_removal: true to the patch.",
)
