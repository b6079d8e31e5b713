"""A merge into filters that names none loses the patches behind it.

What it means
Without a name the patch is tried on every filter. On the first of another type Istio's control plane fails inside,
keeps what it had, and the remaining patches are lost.

How we know
A LISTENER_FILTER patch has the operation MERGE (which does not look at `listenerFilter` at all), or a NETWORK_FILTER
patch with MERGE has no `filterChain.filter.name` in its match.

What to do
Name the filter; for listener filters use REMOVE and an insert.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: idle
      namespace: shop
    spec:
      configPatches:
      - applyTo: NETWORK_FILTER
        match: {context: SIDECAR_OUTBOUND}
        patch:
          operation: MERGE
          value:
            name: envoy.filters.network.tcp_proxy
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
              idle_timeout: 50s

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: idle
      namespace: shop
    spec:
      configPatches:
      - applyTo: NETWORK_FILTER
        match: {context: SIDECAR_OUTBOUND, listener: {filterChain: {filter: {name: envoy.filters.network.tcp_proxy}}}}
        patch:
          operation: MERGE
          value:
            name: envoy.filters.network.tcp_proxy
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
              idle_timeout: 50s
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.envoy_filter import ApplyTo, PatchOperation
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        if written.operation is not PatchOperation.MERGE:
            continue
        if written.apply_to is ApplyTo.LISTENER_FILTER:
            yield Hit(origin=written.entry.origin, message="MERGE of a LISTENER_FILTER does not look at its name")
        elif written.apply_to is ApplyTo.NETWORK_FILTER and not written.conditions.network_filter:
            yield Hit(origin=written.entry.origin, message="MERGE of a NETWORK_FILTER names no filter")


RULE = Rule(
    code="UNS704",
    severity=Severity.ERROR,
    check=_check,
    why="Istio's control plane fails on a filter of another type, and the remaining patches are lost.",
    fix="Name the filter in the match; for listener filters use REMOVE and an insert.",
)
