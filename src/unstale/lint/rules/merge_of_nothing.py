"""A merge of false, 0 or an enum's first value changes nothing.

What it means
MERGE works as protobuf does: a field that has its zero value counts as not written. The old value stays, and nobody is
told.

How we know
An EnvoyFilter's patch with MERGE has a value that is `false`, 0, an empty text or, for Envoy's enums, the first name.

What to do
Write another value that means the same, or REMOVE the object and ADD it anew.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: no-ttl
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND}
        patch: {operation: MERGE, value: {respect_dns_ttl: false}}

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: slow-refresh
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {context: SIDECAR_OUTBOUND}
        patch: {operation: MERGE, value: {dns_refresh_rate: 5s}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.istio.envoy_filter import ApplyTo, PatchOperation
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_MERGES = (PatchOperation.MERGE, PatchOperation.MERGE_AND_REPLACE_LIST)
_FIRST_NAMES = {
    "lb_policy": "ROUND_ROBIN",
    "lbPolicy": "ROUND_ROBIN",
    "dns_lookup_family": "AUTO",
    "dnsLookupFamily": "AUTO",
    "codec_type": "AUTO",
    "codecType": "AUTO",
    "priority": "DEFAULT",
    "path_with_escaped_slashes_action": "IMPLEMENTATION_SPECIFIC_DEFAULT",
}
"""Enums of Envoy's that patches set, with the name whose number is 0 (cluster.proto, http_connection_manager.proto)."""
_IN_WHOLE = ("@type", "typed_config", "typedConfig", "typed_extension_protocol_options", "metadata")
"""What is replaced as a whole, or means something else."""


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        if written.operation in _MERGES and written.apply_to is not ApplyTo.EXTENSION_CONFIG:
            for path, value in _zeros(written.value, "value"):
                name = path.removeprefix("value.")
                message = f"{name}: {str(value).lower() if isinstance(value, bool) else value} does not overwrite"
                yield Hit(origin=origin_of(written.patch, path), message=message)


def _zeros(value: Mapping[str, object], path: str) -> Iterator[tuple[str, object]]:
    """Fields of messages that are merged field by field; lists are added to, so their items count."""
    for name, inner in value.items():
        if name in _IN_WHOLE:
            continue
        if isinstance(inner, Mapping):
            yield from _zeros(inner, f"{path}.{name}")
        elif isinstance(inner, bool | int | float | str) and (not inner or _FIRST_NAMES.get(name) == inner):
            yield f"{path}.{name}", inner


RULE = Rule(
    code="UNS701",
    severity=Severity.WARNING,
    check=_check,
    why="In a merge a zero value counts as not written, so the old value stays.",
    fix="Write another value, or REMOVE and ADD the object.",
)
