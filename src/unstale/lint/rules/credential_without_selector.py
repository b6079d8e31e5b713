"""A certificate from a Secret switches TLS off in sidecars.

What it means
`credentialName` in a DestinationRule is for gateways. A sidecar gets no TLS context at all then and speaks plain text,
without any error, unless the rule selects its pods.

How we know
`tls` has `credentialName` with mode SIMPLE or MUTUAL, the rule has no `workloadSelector`, the host's ServiceEntry is in
these files, and no gateway of theirs leads to it. What Istio makes of the rule for a sidecar has no transport socket.

What to do
Add `workloadSelector` for the pods that use it, or name files with `caCertificates`.

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
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        tls: {mode: SIMPLE, credentialName: api-ca, sni: api.example.com}

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
      name: api
      namespace: shop
    spec:
      host: api.example.com
      workloadSelector: {matchLabels: {app: web}}
      trafficPolicy:
        tls: {mode: SIMPLE, credentialName: api-ca, sni: api.example.com}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.destination_rule import ClientTLSSettings, TLSmode
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.policy import blocks_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_CONFIG_MAP = "configmap://"


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        host = fqdn(rule.host, rule.metadata.namespace)
        service = view.find(host, view.namespace(rule.metadata.namespace))
        if rule.workload_selector is not None or service is None or service.key in view.gateway_hosts:
            continue
        for _, block in blocks_of(rule):
            if block.tls is not None and _is_lost(block.tls, view):
                message = f"credentialName {block.tls.credential_name} leaves sidecars without TLS to {rule.host}"
                yield Hit(origin=origin_of(block.tls, "credential_name"), message=message)


def _is_lost(tls: ClientTLSSettings, view: View) -> bool:
    name = tls.credential_name or ""
    is_kept = name.startswith(_CONFIG_MAP) and view.release.trusts_config_maps
    return bool(name) and not is_kept and tls.mode in (TLSmode.SIMPLE, TLSmode.MUTUAL)


RULE = Rule(
    code="UNS205",
    severity=Severity.ERROR,
    check=_check,
    why="Sidecars take credentialName only from a rule that selects their pods; otherwise they speak plain text.",
    fix="Add workloadSelector, or use caCertificates with a file.",
)
