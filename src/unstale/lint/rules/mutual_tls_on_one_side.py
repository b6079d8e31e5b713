"""The clients are told to use mutual TLS, the servers are not told to ask for it.

What it means
The connections are encrypted, for servers take both by default. But whoever comes without a certificate is let in too,
which is not what such a rule usually wants to say.

How we know
A DestinationRule for all Services (`*.local`) or all of a namespace has `tls.mode: ISTIO_MUTUAL`, and among the
PeerAuthentications of these files none is for the whole mesh or that namespace.

What to do
Add a PeerAuthentication with mode STRICT, or remove the rule: Istio's automatic mutual TLS does the same.

Bad:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: all
      namespace: shop
    spec:
      host: "*.shop.svc.cluster.local"
      trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: other}
    spec: {mtls: {mode: STRICT}}

Good:

    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: all
      namespace: shop
    spec:
      host: "*.shop.svc.cluster.local"
      trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import TLSmode
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_SUFFIX = ".svc.cluster.local"


def _check(view: View) -> Iterator[Hit]:
    peers = {
        peer.namespace for peer in view.surroundings.of("PeerAuthentication") if not peer.tree.find("spec", "selector")
    }
    for rule in view.manifests.destination_rules:
        tls = rule.traffic_policy.tls if rule.traffic_policy else None
        if tls is None or tls.mode is not TLSmode.ISTIO_MUTUAL or not rule.host.startswith("*."):
            continue
        namespace = rule.host[2:].removesuffix(_SUFFIX) if rule.host.endswith(_SUFFIX) else ""
        is_wide = rule.host in ("*.local", "*.cluster.local", "*.svc.cluster.local")
        if (namespace or is_wide) and not peers & {namespace, view.settings.root_namespace}:
            message = f"{rule.host} is called with mutual TLS, but no PeerAuthentication asks for it"
            yield Hit(origin=origin_of(tls, "mode"), message=message)


RULE = Rule(
    code="UNS215",
    severity=Severity.INFORMATION,
    check=_check,
    others=("KIA0205", "KIA0206"),
    needs="peers",
    why="Servers without a PeerAuthentication still take connections in plain text.",
    fix="Add a PeerAuthentication with mode STRICT, or leave mutual TLS to Istio.",
)
