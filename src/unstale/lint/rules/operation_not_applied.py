"""The operation does nothing, or something else, to this kind of object.

What it means
REPLACE of a cluster or listener is ignored. An INSERT of a cluster adds it, and its match is not looked at.

How we know
`applyTo` is CLUSTER or LISTENER with REPLACE, or CLUSTER with an INSERT operation.

What to do
REMOVE the object and ADD another of the same name.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: other
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {cluster: {service: api.example.com}}
        patch: {operation: REPLACE, value: {name: own, type: STATIC}}

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: other
      namespace: shop
    spec:
      configPatches:
      - applyTo: CLUSTER
        match: {cluster: {service: api.example.com}}
        patch: {operation: REMOVE}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.envoy_filter import ApplyTo, PatchOperation
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_INSERTS = (PatchOperation.INSERT_BEFORE, PatchOperation.INSERT_AFTER, PatchOperation.INSERT_FIRST)


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        told = ""
        if written.apply_to in (ApplyTo.CLUSTER, ApplyTo.LISTENER) and written.operation is PatchOperation.REPLACE:
            told = "is ignored"
        elif written.apply_to is ApplyTo.CLUSTER and written.operation in _INSERTS:
            told = "acts as ADD"
        if told:
            message = f"{written.operation} of a {written.apply_to} {told}"
            yield Hit(origin=origin_of(written.patch, "operation"), message=message)


RULE = Rule(
    code="UNS705",
    severity=Severity.WARNING,
    check=_check,
    why="Istio does not know this operation for this kind of object.",
    fix="REMOVE the object and ADD another.",
)
