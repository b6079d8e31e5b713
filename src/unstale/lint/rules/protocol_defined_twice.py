"""Two ServiceEntries give one port of a host different protocols.

What it means
The cluster follows the oldest definition, listener and routes the youngest. The host gets half of each: HTTP parsed in
front of a TCP cluster, or bytes passed to a cluster made for HTTP.

How we know
Two ServiceEntries of one namespace have the same host and port number with different protocols.

What to do
Keep one.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: first
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 8080, name: http-8080, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: second
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 8080, name: tcp-8080, protocol: TCP}

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: first
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 8080, name: http-8080, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: second
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 9090, name: tcp-9090, protocol: TCP}
      addresses: [192.0.2.1]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.twice_defined import twice_defined
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for pair in twice_defined(view):
        if pair.has_other_protocol:
            told = f"{pair.port.protocol or '(none)'} here and {pair.first_port.protocol or '(none)'} in {pair.older}"
            message = f"port {pair.port.number} of {pair.second.host} is {told}"
            yield Hit(origin=origin_of(pair.port, "protocol"), message=message)


RULE = Rule(
    code="UNS520",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0177", "KIA1212"),
    why="The cluster is that of the oldest definition, listener and routes are those of the youngest.",
    fix="Keep one of the two.",
)
