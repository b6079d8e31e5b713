"""A second ServiceEntry defines a port of the host otherwise, and is ignored.

What it means
Within a namespace the oldest definition of a host and port makes its cluster. A second one with another resolution or
protocol changes nothing there, although it was accepted.

How we know
Two ServiceEntries of one namespace have the same host and port number, with different resolution or protocol.

What to do
Merge them into one.

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
      resolution: NONE
      ports:
      - {number: 80, name: http, protocol: HTTP}

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
      - {number: 8080, name: http-8080, protocol: HTTP}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.twice_defined import twice_defined
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for pair in twice_defined(view):
        differs = [
            told
            for told, is_other in (
                (f"resolution {pair.second.resolution}", pair.first.resolution is not pair.second.resolution),
                (f"protocol {pair.port.protocol or '(none)'}", pair.has_other_protocol),
            )
            if is_other
        ]
        if differs:
            message = (
                f"{pair.second.host}:{pair.port.number} with {' and '.join(differs)} is ignored, {pair.older} has it"
            )
            yield Hit(origin=pair.place, message=message)


RULE = Rule(
    code="UNS502",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0177", "KIA1211", "KIA1212"),
    why="The oldest definition of a host and port makes the cluster, the second changes nothing there.",
    fix="Merge the two into one ServiceEntry.",
)
