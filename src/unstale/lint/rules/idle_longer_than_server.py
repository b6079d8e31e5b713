"""Idle connections are kept as long as the server keeps them, or longer.

What it means
When both sides wait equally long, the server closes just as the proxy sends the next request: 503 UC.

How we know
The idle time-out on an HTTP port of an external host is 60 s or more, the default of common load balancers (AWS ALB,
and many others below that), or 0, which means never.

What to do
Write an idle time-out below the server's, for instance 50 s.

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
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 60s}}}

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
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {http: {idleTimeout: 50s}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import Message, origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_SERVER_IDLE_S = 60


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.request_ports):
        for policy in view.policies(port):
            holder: Message = policy.tcp if policy.http.idle_timeout is None else policy.http
            idle = policy.http.idle_timeout or policy.tcp.idle_timeout
            if idle is not None and (not idle.nanos or idle.seconds >= _SERVER_IDLE_S):
                told = f"for {idle.seconds:g} s" if idle.nanos else "for ever"
                message = f"idle connections to {hosts} are kept {told}, common load balancers close after 60 s"
                yield Hit(origin=origin_of(holder, "idle_timeout"), message=message)


RULE = Rule(
    code="UNS402",
    severity=Severity.WARNING,
    check=_check,
    scenario="idle-race",
    why="The server closes first, just as the next request is sent: 503 UC.",
    fix="Write idleTimeout: 50s, or less than what the server has.",
)
