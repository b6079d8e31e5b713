"""A port that is called with https:// is declared as HTTP.

What it means
The bytes of a TLS handshake are no HTTP, so they miss the HTTP filter chain and go to PassthroughCluster: to the
address that the application looked up, past every policy for the host, and uncounted.

How we know
The ServiceEntry has port 443 with an HTTP protocol, and no DestinationRule originates TLS there, which would
be the one reason to call that port without TLS.

What to do
Declare HTTPS or TLS. If retries are wanted, call `http://` and let the sidecar originate TLS.

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
      - {number: 443, name: http, protocol: HTTP}

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
      - {number: 443, name: https, protocol: HTTPS}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_TLS_PORT = 443


def _check(view: View) -> Iterator[Hit]:
    ports = [port for port in view.external_http if port.number == _TLS_PORT]
    for port, hosts in by_port(port for port in ports if not any(policy.tls for policy in view.policies(port))):
        message = f"port {port.number} of {hosts} is declared {port.port.protocol}, but carries TLS"
        yield Hit(origin=port.port_place, message=message)


RULE = Rule(
    code="UNS202",
    severity=Severity.ERROR,
    check=_check,
    why="TLS bytes miss the HTTP filter chain and go to PassthroughCluster, past every policy for the host.",
    fix="Declare protocol HTTPS, or originate TLS in a DestinationRule and call the port without TLS.",
)
