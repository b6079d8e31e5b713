"""Retry headers of the application are removed before anybody reads them.

What it means
An application that sets `x-envoy-retry-on`, `x-envoy-max-retries` or `x-envoy-upstream-rq-timeout-ms` changes nothing:
the sidecar takes those headers off requests that do not count as internal, and by default none does.

How we know
A VirtualService sets or adds such a request header, or an EnvoyFilter or a workload's settings in the same files name
it. Measured with Envoy 1.40: ignored with Istio's default connection manager.

What to do
Write the policy in a VirtualService.

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
      - headers: {request: {set: {x-envoy-retry-on: reset}}}
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
      - retries: {attempts: 2, perTryTimeout: 2s, retryOn: reset}
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import Message, origin_of
from unstale.istio.virtual_service import Headers
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.surroundings import WORKLOADS
from unstale.lint.view import View

_NAMES = (
    "x-envoy-retry-on",
    "x-envoy-retry-grpc-on",
    "x-envoy-max-retries",
    "x-envoy-retriable-status-codes",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms",
)


def _check(view: View) -> Iterator[Hit]:
    for spec in view.manifests.virtual_services:
        for rule in spec.http:
            for headers in (rule.headers, *(split.headers for split in rule.route)):
                yield from _headers(headers)
    for workload in view.surroundings.of(*WORKLOADS):
        for container in workload.template.find("spec", "containers").items():
            for variable in container.find("env").items():
                value = variable.find("value")
                if any(name in value.text.lower() for name in _NAMES):
                    message = f"{workload.kind} {workload.name} seems to set a header that its sidecar removes"
                    yield Hit(origin=value.origin, message=message)


def _headers(headers: Headers | None) -> Iterator[Hit]:
    request = headers.request if headers else None
    for attribute in ("set", "add") if request else ():
        for name in getattr(request, attribute):
            if name.lower() in _NAMES:
                assert isinstance(request, Message)
                message = f"header {name} is not what the retries of the route are taken from"
                yield Hit(origin=origin_of(request, f"{attribute}{{{name}}}"), message=message)


RULE = Rule(
    code="UNS120",
    severity=Severity.WARNING,
    check=_check,
    why="The proxy removes these headers, or reads them before routes add theirs.",
    fix="Write retries or timeout in the VirtualService.",
)
