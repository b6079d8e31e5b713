"""A fault on the route switches its retries and its time-out off.

What it means
Someone injects faults to see whether the retries work, and they do nothing: Istio does not apply retries and time-outs
to a route with `fault`.

How we know
The rule has `fault` beside `retries` or `timeout`. Istio's API documentation says that those are not enabled together.

What to do
Test retries against a server that fails (`unstale prove` has one), not with `fault`.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - fault: {abort: {httpStatus: 503, percentage: {value: 10}}}
        retries: {attempts: 3, perTryTimeout: 2s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - fault: {abort: {httpStatus: 503, percentage: {value: 10}}}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in spec.http:
            if rule.fault is None:
                continue
            beside = [name for name, value in (("retries", rule.retries), ("timeout", rule.timeout)) if value]
            if beside:
                message = f"fault beside {' and '.join(beside)}: the fault is injected, the rest is not applied to it"
                yield Hit(origin=rule.fault.origin, message=message)


RULE = Rule(
    code="UNS117",
    severity=Severity.WARNING,
    check=_check,
    why="Istio does not enable time-outs and retries where faults are injected.",
    fix="Take fault out, or test the retries against a server that really fails.",
)
