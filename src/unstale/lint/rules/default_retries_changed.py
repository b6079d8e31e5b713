"""The default retries stop repeating the server's 503 with Istio 1.24.

What it means
Up to 1.23 Istio's default retries repeated answers with status 503, since 1.24 they do not. An upgrade makes errors
visible that were hidden before.

How we know
The files say `--istio 1.24` and requests to an external host have Istio's default retries: the rule has none, and
neither has the mesh. For later releases the change is past, and nothing is told.

What to do
Write the policy that is wanted, so that no release decides.

Bad:

    # istio: 1.24
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
        route: [{destination: {host: api.example.com}}]

Good:

    # istio: 1.24
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
        retries: {attempts: 2, retryOn: "connect-failure,refused-stream,reset"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_FIRST_WITHOUT = 24


def _check(view: View) -> Iterator[Hit]:
    if view.release.minor != _FIRST_WITHOUT or view.settings.default_http_retry_policy is not None:
        return
    for route in view.external_routes:
        if route.retries is None:
            yield Hit(origin=route.rule.origin, message=f"requests to {route.names} have the default retries")
    for port, hosts in by_port(view.default_ports):
        message = f"requests to {hosts}, port {port.number}, have the default retries"
        yield Hit(origin=port.port_place, message=message)


RULE = Rule(
    code="UNS115",
    severity=Severity.INFORMATION,
    check=_check,
    why="Since Istio 1.24 they no longer repeat answers with status 503.",
    fix="Write retries of your own.",
)
