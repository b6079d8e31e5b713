"""A closer DestinationRule hides the TLS of a wider one.

What it means
Of the rules in a namespace only the one whose host is closest holds. A rule for one host that sets a time-out takes
the TLS away that a rule for `*.example.com` gave it, and its calls are in plain text from then on.

How we know
A wider rule of the same namespace has `tls` with a mode other than DISABLE, and the closer one has a `trafficPolicy`
without `tls`. For Services of the cluster Istio's automatic mutual TLS steps in, unless the mesh switches it off.

What to do
Repeat `tls` in the closer rule.

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
      - {number: 80, name: http, protocol: HTTP, targetPort: 443}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: all
      namespace: shop
    spec:
      host: "*.example.com"
      trafficPolicy: {tls: {mode: SIMPLE}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}

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
      - {number: 80, name: http, protocol: HTTP, targetPort: 443}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: all
      namespace: shop
    spec:
      host: "*.example.com"
      trafficPolicy: {tls: {mode: SIMPLE}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}, tls: {mode: SIMPLE}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import HostIndex, fqdn
from unstale.istio.destination_rule import DestinationRule, TLSmode
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import is_inside
from unstale.lint.policy import blocks_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    wide: dict[str, HostIndex[DestinationRule]] = {}
    for rule in view.manifests.destination_rules:
        if rule.host.startswith("*") and _tls(rule):
            wide.setdefault(rule.metadata.namespace, HostIndex()).setdefault(rule.host.lower(), rule)
    for rule in view.manifests.destination_rules if wide else ():
        host = fqdn(rule.host, rule.metadata.namespace)
        around = wide.get(rule.metadata.namespace, HostIndex[DestinationRule]()).around(host)
        hidden = next((one for one in around if one.host.lower() != host), None)
        is_automatic = is_inside(host) and view.settings.enable_auto_mtls
        if hidden is None or is_automatic or rule.workload_selector or any(b.tls for _, b in blocks_of(rule)):
            continue
        message = f"the rule for {rule.host} has no tls, and the one for {hidden.host} ({hidden.origin}) does not hold"
        yield Hit(origin=origin_of(rule, "traffic_policy"), message=message)


def _tls(rule: DestinationRule) -> bool:
    tls = rule.traffic_policy.tls if rule.traffic_policy else None
    return tls is not None and tls.mode not in (None, TLSmode.DISABLE)


RULE = Rule(
    code="UNS216",
    severity=Severity.WARNING,
    check=_check,
    others=("KIA0204",),
    why="Rules do not blend: only the closest one holds, and it says nothing of TLS.",
    fix="Repeat tls in the closer rule.",
)
