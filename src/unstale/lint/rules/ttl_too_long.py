"""The answer may be kept for so long that Envoy misses a change.

What it means
Envoy keeps the addresses until the TTL is over. When a load balancer moves earlier, or a firewall forgets earlier which
addresses it has let through, connections go where nobody answers.

How we know
DNS, asked with `--dns`, answers with a TTL above 5 minutes, and no `maxConnectionDuration` below it renews connections.

What to do
Let the local resolver cap the TTL (`max-ttl`), and limit the age of connections in the DestinationRule.

Bad:

    # dns: api.example.com A 192.0.2.1 ttl 3600
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

    # dns: api.example.com A 192.0.2.1 ttl 60
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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_LONG_S = 300


def _check(view: View) -> Iterator[Hit]:
    for port, _ in by_port(port for port in view.external_ports if port.is_dns and port.is_first):
        for name in port.names:
            answer = view.answer(name)
            if answer is None or (answer.ttl_s or 0) <= _LONG_S:
                continue
            limited = _age_s(port, view)
            if limited is None or limited >= (answer.ttl_s or 0):
                age = "for ever" if limited is None else f"for {limited:g} s"
                message = f"{name} has a TTL of {answer.ttl_s} s, and connections are kept {age}"
                yield Hit(origin=port.place, message=message)


def _age_s(port: HostPort, view: View) -> float | None:
    found = [policy.tcp.max_connection_duration for policy in view.policies(port)]
    return None if None in found else max(duration.seconds for duration in found if duration)


RULE = Rule(
    code="UNS308",
    severity=Severity.WARNING,
    check=_check,
    scenario="dns-ttl-long",
    needs="dns",
    why="Until the TTL is over Envoy uses the old addresses, whatever happened to them.",
    fix="Cap the TTL at the local resolver, and write maxConnectionDuration.",
)
