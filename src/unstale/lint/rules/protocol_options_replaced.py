"""A merge of HttpProtocolOptions throws the cluster's own away.

What it means
The options are an entry of a map, and a merge replaces such an entry whole. HTTP/2, and the idle time-out and age that
a DestinationRule set, are gone from the cluster.

How we know
A CLUSTER patch with MERGE has `typed_extension_protocol_options` with `HttpProtocolOptions`.

What to do
State every field that the cluster needs, `explicit_http_config` included; or set the limits in a DestinationRule.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: idle
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch:
          operation: MERGE
          value:
            typed_extension_protocol_options:
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                common_http_protocol_options: {idle_timeout: 50s}

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: idle
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND, cluster: {service: api.example.com}}
        patch:
          operation: MERGE
          value:
            typed_extension_protocol_options:
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                common_http_protocol_options: {idle_timeout: 50s, max_connection_duration: 300s}
                explicit_http_config: {http_protocol_options: {}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.istio.envoy_filter import ApplyTo, PatchOperation
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_FIELDS = ("typed_extension_protocol_options", "typedExtensionProtocolOptions")
_KEY = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_PROTOCOLS = ("explicit_http_config", "use_downstream_protocol_config", "auto_config")


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        if written.apply_to is not ApplyTo.CLUSTER or written.operation is not PatchOperation.MERGE:
            continue
        for field in _FIELDS:
            options = written.value.get(field)
            entry = options.get(_KEY) if isinstance(options, Mapping) else None
            if isinstance(entry, Mapping) and not any(name in entry or _camel(name) in entry for name in _PROTOCOLS):
                message = "the cluster's own HttpProtocolOptions are replaced as a whole, its protocol included"
                yield Hit(origin=origin_of(written.patch, f"value.{field}"), message=message)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


RULE = Rule(
    code="UNS702",
    severity=Severity.WARNING,
    check=_check,
    why="An entry of a map is replaced whole: HTTP/2 and the DestinationRule's limits are lost.",
    fix="State all fields, explicit_http_config included, or use a DestinationRule.",
)
