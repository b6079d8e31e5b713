"""The name of the port does not make its protocol.

What it means
For a Kubernetes Service a port named `http-...` speaks HTTP. For a ServiceEntry the name says nothing: the port is
left to be found out from its first bytes.

How we know
The port has no `protocol`, and its name is, or begins with, that of a protocol.

What to do
Write `protocol`.

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
      - {number: 8080, name: http-api, targetPort: 8080}

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
      - {number: 8080, name: http-api, protocol: HTTP, targetPort: 8080}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.protocol import parse
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(port for port in view.external_ports if not port.port.protocol):
        word = port.port.name.partition("-")[0]
        if not parse(word).is_sniffed:
            message = f"port {port.number} of {hosts} is named {port.port.name}, which does not make it {word.upper()}"
            yield Hit(origin=port.port_place, message=message, fix=f"Write protocol: {word.upper()}.")


RULE = Rule(
    code="UNS209",
    severity=Severity.INFORMATION,
    check=_check,
    why="For a ServiceEntry only protocol counts; names are read for Kubernetes Services alone.",
    fix="Write protocol.",
)
