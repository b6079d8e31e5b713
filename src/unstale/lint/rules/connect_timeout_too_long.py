"""A dead address costs ten seconds before another one is tried.

What it means
The retry on `connect-failure` begins only when the connection has failed, and Istio waits 10 s for one that does not
answer at all.

How we know
The connect time-out that holds on an HTTP port of an external host is 10 s or more: the mesh's default, if neither the
DestinationRule nor the mesh says otherwise. Where all rules for the host have a `perTryTimeout` below it, that ends the
try earlier, and nothing is told.

What to do
Write `connectTimeout: 1s`, or 2 s for a distant host.

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
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.policy import Policy
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_LONG_S = 10


def _check(view: View) -> Iterator[Hit]:
    slow = (port for port in view.request_ports if any(_seconds(one, view) >= _LONG_S for one in view.policies(port)))
    for port, hosts in by_port(port for port in slow if not _is_cut_earlier(port, view)):
        policy = next(one for one in view.policies(port) if _seconds(one, view) >= _LONG_S)
        written = policy.tcp.connect_timeout is not None
        place = origin_of(policy.tcp, "connect_timeout") if written else policy.place or port.port_place
        told = f"{_seconds(policy, view):g} s" + ("" if written else f", the default{view.unless_mesh}")
        message = f"connectTimeout to {hosts}, port {port.number}, is {told}"
        yield Hit(origin=place, message=message)


def _seconds(policy: Policy, view: View) -> float:
    return (policy.tcp.connect_timeout or view.settings.connect_timeout).seconds


def _is_cut_earlier(port: HostPort, view: View) -> bool:
    """Some rule leads there, and each of them gives a try less time."""
    routes = view.routes_to.get(port.key, ())
    return bool(routes) and all(0 < route.try_s < _LONG_S for route in routes)


RULE = Rule(
    code="UNS412",
    severity=Severity.WARNING,
    check=_check,
    scenario="one-dead-address",
    why="A try to an address that does not answer takes that long before the next one begins.",
    fix="Write connectTimeout: 1s in a DestinationRule.",
)
