"""Retries without attempts have settings that would never count.

What it means
Istio's webhook rejects the VirtualService, so the change does not arrive.

How we know
`attempts` is 0 or missing while `perTryTimeout`, `retryOn` or `retryRemoteLocalities` is set.

What to do
Write `attempts`, or leave the other fields out to switch retries off.

Bad:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - retries: {attempts: 0, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - retries: {attempts: 0}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_SETTINGS = {
    "per_try_timeout": "perTryTimeout",
    "retry_on": "retryOn",
    "retry_remote_localities": "retryRemoteLocalities",
}


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in spec.http:
            retries = rule.retries
            if retries is None or retries.attempts:
                continue
            written = [name for attribute, name in _SETTINGS.items() if getattr(retries, attribute)]
            if written:
                message = f"attempts is {'missing' if retries.attempts is None else 0}, but {', '.join(written)} is set"
                yield Hit(origin=origin_of(retries, "attempts"), message=message)


RULE = Rule(
    code="UNS110",
    severity=Severity.ERROR,
    check=_check,
    why="Istio's webhook rejects the VirtualService.",
    fix="Write attempts: 2 or more, or leave the other fields out.",
)
