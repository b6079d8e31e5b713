"""The keepalive begins after everybody else has forgotten the connection.

What it means
`tcpKeepalive: {}` switches probes on with the kernel's times: the first one after two hours. Firewalls forget a silent
connection after minutes. A keepalive also keeps the firewall's entry for the connection, but not one that was learnt
from a DNS answer.

How we know
`tcpKeepalive` of an external host (or of the mesh) has no `time`, or one above 5 minutes.

What to do
Write `time: 30s`, `interval: 10s`, `probes: 3`.

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
      trafficPolicy: {connectionPool: {tcp: {tcpKeepalive: {}}}}

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
      trafficPolicy: {connectionPool: {tcp: {tcpKeepalive: {time: 30s, interval: 10s, probes: 3}}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import TcpKeepalive
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_LATEST_S = 300


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(view.external_ports):
        for policy in view.policies(port):
            keepalive = policy.tcp.tcp_keepalive
            if keepalive is not None and (told := _told(keepalive, view.settings.tcp_keepalive)):
                yield Hit(origin=keepalive.origin, message=f"the first keepalive to {hosts} comes {told}")
    mesh = view.settings.tcp_keepalive
    if mesh is not None and (told := _told(mesh, None)):
        yield Hit(origin=mesh.origin, message=f"the first keepalive of the mesh comes {told}")


def _told(keepalive: TcpKeepalive, default: TcpKeepalive | None) -> str:
    """Fields that a rule leaves out are the mesh's."""
    time = keepalive.time or (default.time if default else None)
    if time is None:
        return "after the kernel's 7200 s"
    return f"after {time.seconds:g} s" if time.seconds > _LATEST_S else ""


RULE = Rule(
    code="UNS405",
    severity=Severity.WARNING,
    check=_check,
    scenario="nat-forgets",
    why="Firewalls forget a silent connection within minutes, and the next request on it hangs.",
    fix="Write tcpKeepalive: {time: 30s, interval: 10s, probes: 3}.",
)
