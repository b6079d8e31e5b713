"""A host and port is defined twice, alike.

What it means
The second definition adds nothing, and the day one of the two is changed, half of it counts.

How we know
Two ServiceEntries of one namespace have the same host and port number, with the same resolution and protocol.

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
      - {number: 80, name: http, protocol: HTTP}
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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.twice_defined import twice_defined
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for pair in twice_defined(view):
        if pair.first.resolution is pair.second.resolution and not pair.has_other_protocol:
            message = f"{pair.second.host}:{pair.port.number} is defined by {pair.older} too"
            yield Hit(origin=pair.place, message=message)


RULE = Rule(
    code="UNS534",
    severity=Severity.WARNING,
    check=_check,
    others=("KIA1211",),
    why="The second definition adds nothing; when one of the two is changed, half of it counts.",
    fix="Keep one of the two.",
)
