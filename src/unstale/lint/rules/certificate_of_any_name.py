"""The proxy takes any certificate, so whoever has the address now is trusted.

What it means
Addresses of cloud services change hands. A connection to a rotated address must fail if somebody else answers there;
with `insecureSkipVerify`, or without a name to compare, it does not.

How we know
`tls` has `insecureSkipVerify: true`; or it has `sni` and no `subjectAltNames` (nor has the ServiceEntry): Istio lets
Envoy check the name by itself only where `sni` is empty too.

What to do
Remove `insecureSkipVerify`. Write `subjectAltNames` beside `sni`.

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
      trafficPolicy: {tls: {mode: SIMPLE, sni: api.example.com, insecureSkipVerify: true}}

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
      trafficPolicy: {tls: {mode: SIMPLE, sni: api.example.com, subjectAltNames: [api.example.com]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.destination_rule import ClientTLSSettings, DestinationRule, TLSmode
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.policy import blocks_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        for _, block in blocks_of(rule):
            tls = block.tls
            if tls is None or tls.mode not in (TLSmode.SIMPLE, TLSmode.MUTUAL):
                continue
            if tls.insecure_skip_verify:
                message = f"any certificate is taken for {rule.host}"
                yield Hit(origin=origin_of(tls, "insecure_skip_verify"), message=message)
            elif tls.sni and not tls.subject_alt_names and not _has_names(rule, tls, view):
                message = f"a certificate of any name is taken for {rule.host}: sni is set, subjectAltNames are not"
                yield Hit(origin=origin_of(tls, "sni"), message=message, fix=f"Write subjectAltNames: [{tls.sni}].")


def _has_names(rule: DestinationRule, tls: ClientTLSSettings, view: View) -> bool:
    """The ServiceEntry has them; what is behind a Secret or a host inside of the mesh is another matter."""
    namespace = rule.metadata.namespace
    service = view.find(fqdn(rule.host, namespace), view.namespace(namespace))
    return service is None or not service.is_external or bool(service.entry.subject_alt_names)


RULE = Rule(
    code="UNS207",
    severity=Severity.WARNING,
    check=_check,
    others=("IST0128", "IST0129"),
    why="Whoever answers at an address that has changed hands is trusted.",
    fix="Remove insecureSkipVerify, and write subjectAltNames.",
)
