"""So many names are looked up by every proxy that DNS may not keep up.

What it means
Each cluster of each proxy asks on its own. A hundred proxies with 500 such clusters and a TTL of 5 s are 10,000
questions a second, and answers of one age expire together.

How we know
These files make 200 or more clusters that look a name up, for each pod that sees them. Istio spreads the questions by
0.1 s since 1.25.

What to do
Run a resolver on each node, export hosts only to the namespaces that use them, and declare only ports that are called.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: {name: many, namespace: shop}
    spec:
      location: MESH_EXTERNAL
      resolution: DNS
      hosts: [h1.example.com, h2.example.com, h3.example.com, h4.example.com, h5.example.com,
              h6.example.com, h7.example.com, h8.example.com, h9.example.com, h10.example.com,
              h11.example.com, h12.example.com, h13.example.com, h14.example.com, h15.example.com,
              h16.example.com, h17.example.com, h18.example.com, h19.example.com, h20.example.com,
              h21.example.com, h22.example.com, h23.example.com, h24.example.com, h25.example.com]
      ports:
      - {number: 80, name: http, protocol: HTTP}
      - {number: 8080, name: http-8080, protocol: HTTP}
      - {number: 8081, name: http-8081, protocol: HTTP}
      - {number: 8082, name: http-8082, protocol: HTTP}
      - {number: 8083, name: http-8083, protocol: HTTP}
      - {number: 8084, name: http-8084, protocol: HTTP}
      - {number: 8085, name: http-8085, protocol: HTTP}
      - {number: 8086, name: http-8086, protocol: HTTP}

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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_MANY = 200


def _check(view: View) -> Iterator[Hit]:
    ports = [port for port in view.external_ports if port.is_dns]
    if len(ports) >= _MANY:
        message = f"each pod that sees them looks up {len(ports)} clusters on its own"
        yield Hit(origin=ports[0].place, message=message)


RULE = Rule(
    code="UNS314",
    severity=Severity.INFORMATION,
    check=_check,
    why="Every cluster of every proxy asks DNS by itself, and answers of one age expire together.",
    fix="Run a resolver on each node, and export hosts only to namespaces that use them.",
)
