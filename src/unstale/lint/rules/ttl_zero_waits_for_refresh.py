"""The answer may not be kept, so Envoy keeps it for a minute.

What it means
A TTL of 0 does not make Envoy ask each time. It then asks at its own refresh rate, which Istio sets to 60 s: the
addresses are up to a minute old.

How we know
DNS, asked with `--dns`, answers with TTL 0, and the refresh rate that holds for the cluster is above 10 s. Measured:
with TTL 0 the next question comes after `dns_refresh_rate`.

What to do
Lower the mesh's `dnsRefreshRate`, or let a local resolver give a smallest TTL of a few seconds.

Bad:

    # dns: api.example.com A 192.0.2.1 ttl 0
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

    # dns: api.example.com A 192.0.2.1 ttl 0
    # mesh-config: {dnsRefreshRate: 5s}
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

from unstale.lint.dns_refresh import LONGEST_S, refresh_s
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, _ in by_port(port for port in view.external_ports if port.is_dns and port.is_first):
        names = [name for name in port.names if (answer := view.answer(name)) and answer.ttl_s == 0]
        seconds = refresh_s(port, view)
        if names and seconds > LONGEST_S:
            message = f"{', '.join(names)} has TTL 0, so it is looked up every {seconds:g} s only"
            yield Hit(origin=port.place, message=message)


RULE = Rule(
    code="UNS306",
    severity=Severity.WARNING,
    check=_check,
    scenario="dns-ttl-0",
    needs="dns",
    why="With TTL 0 Envoy asks at dnsRefreshRate, so a change is seen up to that much later.",
    fix="Lower dnsRefreshRate to 5s, or give answers a smallest TTL at the local resolver.",
)
