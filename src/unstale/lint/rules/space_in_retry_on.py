"""A space in retryOn makes Istio reject the VirtualService.

What it means
The API server answers with an error and keeps the old object, or none. What was to be changed is not changed.

How we know
Istio's webhook compares the words of `retryOn` as they stand between the commas; `" reset"` is none of them.

What to do
Leave the space out: `"5xx,reset"`.

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
      - match: [{method: {exact: GET}}]
        retries: {attempts: 3, retryOn: "connect-failure, reset"}
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
      - match: [{method: {exact: GET}}]
        retries: {attempts: 3, retryOn: "connect-failure,reset"}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in spec.http:
            text = (rule.retries and rule.retries.retry_on) or ""
            if rule.retries and text and text != "".join(text.split()):
                yield Hit(
                    origin=origin_of(rule.retries, "retry_on"),
                    message=f'retryOn has a space ("{text}")',
                    fix=f'Write "{"".join(text.split())}".',
                )


RULE = Rule(
    code="UNS109",
    severity=Severity.ERROR,
    check=_check,
    why="Istio's webhook knows the words without spaces only and rejects the VirtualService.",
    fix="Leave the spaces out.",
)
