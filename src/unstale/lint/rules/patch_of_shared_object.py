"""The patch changes an object that all proxies share.

What it means
Istio's control plane merges this value into an object of its own that every proxy's configuration is made from. It
reaches proxies that the filter is not for, until the control plane is restarted.

How we know
A ROUTE_CONFIGURATION patch sets `max_direct_response_body_size_bytes` or `validate_clusters`, a LISTENER patch sets
`bind_to_port`, or a LISTENER_FILTER is merged.

What to do
Use another point to patch, such as the route, the filter chain or the HTTP connection manager.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: big-answers
      namespace: shop
    spec:
      configPatches:
      - applyTo: ROUTE_CONFIGURATION
        match: {context: SIDECAR_OUTBOUND}
        patch: {operation: MERGE, value: {max_direct_response_body_size_bytes: 8388608}}

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: headers
      namespace: shop
    spec:
      configPatches:
      - applyTo: ROUTE_CONFIGURATION
        match: {context: SIDECAR_OUTBOUND}
        patch: {operation: MERGE, value: {response_headers_to_remove: [x-secret]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.envoy_filter import ApplyTo, PatchOperation
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_SHARED = {
    ApplyTo.ROUTE_CONFIGURATION: (
        *("max_direct_response_body_size_bytes", "maxDirectResponseBodySizeBytes"),
        *("validate_clusters", "validateClusters"),
    ),
    ApplyTo.LISTENER: ("bind_to_port", "bindToPort"),
}


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        if written.operation is not PatchOperation.MERGE or written.apply_to is None:
            continue
        for name in _SHARED.get(written.apply_to, ()):
            if written.value.get(name):
                message = f"{name} is merged into an object that all proxies share"
                yield Hit(origin=origin_of(written.patch, f"value.{name}"), message=message)
        if written.apply_to is ApplyTo.LISTENER_FILTER:
            message = "a listener filter is merged into an object that all proxies share"
            yield Hit(origin=written.entry.origin, message=message)


RULE = Rule(
    code="UNS706",
    severity=Severity.WARNING,
    check=_check,
    why="The change reaches proxies that the filter is not for, until the control plane is restarted.",
    fix="Patch the route, the filter chain or the HTTP connection manager.",
)
