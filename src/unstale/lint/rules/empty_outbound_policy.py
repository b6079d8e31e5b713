"""An empty outboundTrafficPolicy closes the mesh.

What it means
`outboundTrafficPolicy: {}` looks like the default, but a block without a mode means REGISTRY_ONLY: hosts without a
ServiceEntry can no longer be reached.

How we know
The block is there, in a Sidecar or in the mesh's settings, and `mode` is not.

What to do
Write the mode, or leave the block out.

Bad:

    apiVersion: networking.istio.io/v1
    kind: Sidecar
    metadata:
      name: default
      namespace: shop
    spec:
      outboundTrafficPolicy: {}

Good:

    apiVersion: networking.istio.io/v1
    kind: Sidecar
    metadata:
      name: default
      namespace: shop
    spec:
      outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    message = "outboundTrafficPolicy without a mode means REGISTRY_ONLY"
    for sidecar in view.manifests.sidecars:
        policy = sidecar.outbound_traffic_policy
        if policy is not None and policy.mode is None and policy.egress_proxy is None:
            yield Hit(origin=origin_of(sidecar, "outbound_traffic_policy"), message=message)
    if view.has_mesh and view.mesh.outbound_traffic_policy.mode is None:
        yield Hit(origin=origin_of(view.mesh, "outbound_traffic_policy"), message=message)


RULE = Rule(
    code="UNS522",
    severity=Severity.WARNING,
    check=_check,
    why="Hosts without a ServiceEntry cannot be reached: 502, or a closed connection.",
    fix="Write mode: REGISTRY_ONLY or ALLOW_ANY, or leave the block out.",
)
