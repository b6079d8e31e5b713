"""Beside transport_socket nothing else of the patch is applied.

What it means
Istio treats a cluster patch with `transport_socket` as one about TLS alone. The other fields of the same patch vanish.

How we know
A CLUSTER patch with MERGE has `transport_socket` and other fields.

What to do
Write two patches.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: tls
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch:
          operation: MERGE
          value:
            dns_refresh_rate: 5s
            transport_socket: {name: envoy.transport_sockets.tls}

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: tls
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch: {operation: MERGE, value: {dns_refresh_rate: 5s}}
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch: {operation: MERGE, value: {transport_socket: {name: envoy.transport_sockets.tls}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.envoy_filter import ApplyTo, PatchOperation
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_SOCKET = ("transport_socket", "transportSocket")


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        socket = next((name for name in _SOCKET if name in written.value), None)
        others = [name for name in written.value if name not in _SOCKET]
        is_merge = written.apply_to is ApplyTo.CLUSTER and written.operation is PatchOperation.MERGE
        if is_merge and socket is not None and others:
            message = f"{', '.join(others)} beside {socket} is not applied"
            yield Hit(origin=origin_of(written.patch, f"value.{others[0]}"), message=message)


RULE = Rule(
    code="UNS703",
    severity=Severity.WARNING,
    check=_check,
    why="Istio applies transport_socket of such a patch and nothing else.",
    fix="Write the rest as a patch of its own.",
)
