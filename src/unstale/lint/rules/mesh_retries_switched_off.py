"""A route silently leaves the retries of the mesh.

What it means
The mesh has a `defaultHttpRetryPolicy`. A rule with `retries: {}` or `attempts: 0` has no retries at all, and one with
its own `retries` has none of the mesh's fields: the policies do not blend.

How we know
The MeshConfig has `defaultHttpRetryPolicy` and the rule has `retries` without attempts. A rule that states retries of
its own replaces the mesh's on purpose and is left alone.

What to do
Leave `retries` out to get the mesh's, or state a whole policy.

Bad:

    # mesh-config: {defaultHttpRetryPolicy: {attempts: 2, retryOn: "connect-failure,reset"}}
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
      - retries: {}
        route: [{destination: {host: api.example.com}}]

Good:

    # mesh-config: {defaultHttpRetryPolicy: {attempts: 2, retryOn: "connect-failure,reset"}}
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
      - route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    default = view.settings.default_http_retry_policy
    if default is None:
        return
    for route in view.external_routes:
        if route.rule.retries is not None and not route.rule.retries.attempts:
            message = f"retries to {route.names} are switched off, the mesh's default would make {default.attempts}"
            yield Hit(origin=route.retries_place, message=message)


RULE = Rule(
    code="UNS111",
    severity=Severity.WARNING,
    check=_check,
    needs="mesh",
    why="Retries of a rule replace those of the mesh as a whole, even where they say nothing.",
    fix="Leave retries out to get the mesh's, or write a whole policy.",
)
