"""The tries do not all fit into the time-out of the route.

What it means
The last tries are cut off with 504 before they have had their time, so the route promises more attempts than it makes.

How we know
(attempts + 1) times `perTryTimeout` is more than `timeout`. Tries that fail at once need less; the worst case counts.

What to do
Raise `timeout`, or lower `attempts` or `perTryTimeout`.

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
      - timeout: 5s
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
      - timeout: 8s
        retries: {attempts: 3, perTryTimeout: 2s, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for route in view.routes:
        needed = route.tries * route.try_s
        if route.has_own_retries and route.rule.retries and route.try_s < route.timeout_s < needed:
            yield Hit(
                origin=origin_of(route.rule, "timeout"),
                message=f"{route.tries} tries of {route.try_s:g} s need {needed:g} s, timeout is {route.timeout_s:g} s",
                fix=f"Write timeout: {needed:g}s or more, or fewer attempts.",
            )


RULE = Rule(
    code="UNS107",
    severity=Severity.WARNING,
    check=_check,
    why="The last tries are cut off with 504 UT.",
    fix="Write a timeout of at least (attempts + 1) x perTryTimeout.",
)
