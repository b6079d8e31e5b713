"""Plain text is sent where the servers insist on mutual TLS.

What it means
A PeerAuthentication with mode STRICT makes the servers refuse connections without a certificate of the mesh, and the
DestinationRule switches exactly that off. Every request ends with 503.

How we know
A DestinationRule for a Service of the cluster has `tls.mode: DISABLE`, and a PeerAuthentication of its namespace (or of
the mesh's root namespace) without selector has mode STRICT.

What to do
Remove `tls` from the rule, or make the PeerAuthentication PERMISSIVE.

Bad:

    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: reviews
      namespace: shop
    spec:
      host: reviews.shop.svc.cluster.local
      trafficPolicy: {tls: {mode: DISABLE}}

Good:

    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: PERMISSIVE}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: reviews
      namespace: shop
    spec:
      host: reviews.shop.svc.cluster.local
      trafficPolicy: {tls: {mode: DISABLE}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.destination_rule import TLSmode
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.policy import blocks_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    strict = {
        peer.namespace
        for peer in view.surroundings.of("PeerAuthentication")
        if not peer.tree.find("spec", "selector") and peer.tree.find("spec", "mtls", "mode").text == "STRICT"
    }
    for rule in view.manifests.destination_rules:
        parts = fqdn(rule.host, rule.metadata.namespace).split(".")
        if len(parts) < 3 or parts[2] != "svc" or not strict & {parts[1], view.settings.root_namespace}:
            continue
        for _, block in blocks_of(rule):
            if block.tls is not None and block.tls.mode is TLSmode.DISABLE:
                message = f"{rule.host} gets plain text, but its servers take mutual TLS only (STRICT)"
                yield Hit(origin=origin_of(block.tls, "mode"), message=message)


RULE = Rule(
    code="UNS214",
    severity=Severity.ERROR,
    check=_check,
    others=("KIA0207", "KIA0208"),
    needs="peers",
    why="The servers refuse connections without a certificate of the mesh: 503.",
    fix="Remove tls from the rule, or make the PeerAuthentication PERMISSIVE.",
)
