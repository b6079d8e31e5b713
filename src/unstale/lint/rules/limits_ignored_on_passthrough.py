"""Limits for one port or subset do not hold for connections that pass through.

What it means
For TCP and TLS that passes unread, Istio takes the idle time-out and the longest duration from the top of the
DestinationRule alone. What stands under `portLevelSettings` or a subset is ignored, without a word.

How we know
The port has protocol HTTPS, TLS or TCP, and `idleTimeout` or `maxConnectionDuration` stands in its entry of
`portLevelSettings` or in a subset, but not at the top.

What to do
Write them at the top of `trafficPolicy`; they hold for the host's other ports too then.

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
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        portLevelSettings:
        - port: {number: 443}
          connectionPool: {tcp: {idleTimeout: 50s}}

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
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy:
        connectionPool: {tcp: {idleTimeout: 50s}}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.destination_rule import DestinationRule, PortTrafficPolicy, TCPSettings, TrafficPolicy
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_NAMES = {"idle_timeout": "idleTimeout", "max_connection_duration": "maxConnectionDuration"}


def _check(view: View) -> Iterator[Hit]:
    for host, rules in view.destination_rules_by_host.items():
        ports = [port for port in view.entries_by_host.get(host, ()) if port.protocol.is_tcp]
        for rule in rules if ports else ():
            yield from _rule(rule, ports)


def _rule(rule: DestinationRule, ports: list[HostPort]) -> Iterator[Hit]:
    numbers = {port.number for port in ports}
    top = _tcp(rule.traffic_policy)
    blocks: list[tuple[int | None, TCPSettings]] = [
        (entry.port, _tcp(entry)) for entry in _entries(rule.traffic_policy) if entry.port in numbers
    ]
    for subset in rule.subsets:
        blocks.append((None, _tcp(subset.traffic_policy)))
        blocks.extend((e.port, _tcp(e)) for e in _entries(subset.traffic_policy) if e.port in numbers)
    for number, tcp in blocks:
        for attribute, name in _NAMES.items():
            if getattr(tcp, attribute) is not None and getattr(top, attribute) is None:
                where = f"port {number}" if number else "a subset"
                message = f"{name} for {where} of {rule.host} does not hold, its connections pass through"
                yield Hit(origin=origin_of(tcp, attribute), message=message)


def _entries(policy: TrafficPolicy | None) -> tuple[PortTrafficPolicy, ...]:
    return policy.port_level_settings if policy is not None else ()


def _tcp(policy: TrafficPolicy | PortTrafficPolicy | None) -> TCPSettings:
    pool = policy.connection_pool if policy is not None else None
    return (pool and pool.tcp) or TCPSettings()


RULE = Rule(
    code="UNS403",
    severity=Severity.ERROR,
    check=_check,
    why="For connections that pass through Istio reads these from the top of the DestinationRule alone.",
    fix="Write them at the top of trafficPolicy.",
)
