"""perTryTimeout is not shorter than the time-out of the route.

What it means
The route's time-out ends the request before the time-out of one try can, so a slow try is never replaced by another and
the retries do nothing against it.

How we know
`perTryTimeout` is at least `timeout`, and `timeout` is more than 0. Envoy ignores such a `perTryTimeout`.

What to do
Make `timeout` at least (attempts + 1) times `perTryTimeout`, and the backoff on top.

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
      - timeout: 2s
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
      - timeout: 10s
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
        if route.has_own_retries and route.rule.retries and route.timeout_s and route.try_s >= route.timeout_s:
            yield Hit(
                origin=origin_of(route.rule.retries, "per_try_timeout"),
                message=f"perTryTimeout is {route.try_s:g} s, the whole request may take {route.timeout_s:g} s",
                fix=f"Write a timeout of {route.tries * route.try_s:g}s or more, or a shorter perTryTimeout.",
            )


RULE = Rule(
    code="UNS106",
    severity=Severity.ERROR,
    check=_check,
    why="The request ends with 504 before a second try could begin.",
    fix="Write a timeout of at least (attempts + 1) x perTryTimeout.",
)
