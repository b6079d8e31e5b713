"""The control plane fails on this combination.

What it means
For a host that is looked up, with endpoints in two localities, `failoverPriority` and `outlierDetection` make istiod
fail inside. The pods that see the host get no configuration any more.

How we know
The release is 1.30 or newer, the ServiceEntry has resolution DNS or DNS_ROUND_ROBIN and endpoints in more than one
locality, and the policy of a port has `failoverPriority` and `outlierDetection`.

What to do
Use `failover`, or resolution STATIC, or leave `outlierDetection` out.

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
      endpoints:
      - {address: a.example.com, locality: eu/one}
      - {address: b.example.com, locality: us/one}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        outlierDetection: {consecutive5xxErrors: 5}
        loadBalancer: {localityLbSetting: {enabled: true, failoverPriority: [topology.kubernetes.io/region]}}

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
      endpoints:
      - {address: a.example.com, locality: eu/one}
      - {address: b.example.com, locality: us/one}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        outlierDetection: {consecutive5xxErrors: 5}
        loadBalancer: {localityLbSetting: {enabled: true, failover: [{from: eu, to: us}]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy import locality
from unstale.envoy.service import DNS
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.policy import Policy
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    if not view.release.ranks_dns_endpoints:
        return
    for port, hosts in by_port(port for port in view.ports if port.service.resolution in DNS):
        if len({endpoint.locality or "" for endpoint in port.entry.endpoints}) < 2:
            continue
        for policy in view.policies(port):
            balancer = policy.traffic.load_balancer
            if policy.traffic.outlier_detection is not None and _ranks_by_label(port, policy, view):
                message = f"failoverPriority and outlierDetection for {hosts}, with endpoints in several localities"
                place = origin_of(balancer, "locality_lb_setting") if balancer else port.place
                yield Hit(origin=place, message=message)


def _ranks_by_label(port: HostPort, policy: Policy, view: View) -> bool:
    balancer = policy.traffic.load_balancer
    found = locality.preference(balancer, port.service, view.settings, view.release).locality
    return found is not None and bool(found.failover_priority) and not found.distribute


RULE = Rule(
    code="UNS709",
    severity=Severity.ERROR,
    check=_check,
    why="istiod fails inside, and the pods keep their old configuration.",
    fix="Use failover in place of failoverPriority, or leave outlierDetection out.",
)
