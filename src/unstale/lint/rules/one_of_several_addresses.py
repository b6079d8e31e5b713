"""Of several addresses only one is a name of the host.

What it means
An HTTP host may be called by its address. Of two or more `addresses` Istio makes one a domain of the virtual host, and
leaves to chance which. Calls to the others follow no rule of the host.

How we know
The ServiceEntry has an HTTP port and two or more `addresses`.

What to do
Write one ServiceEntry an address.

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
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      addresses: [192.0.2.1, 192.0.2.2]
      endpoints: [{address: 198.51.100.1}]

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
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      addresses: [192.0.2.1]
      endpoints: [{address: 198.51.100.1}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port in view.ports:
        if port.is_first_host and len(port.entry.addresses) > 1 and port.protocol.is_http:
            message = f"only one of {len(port.entry.addresses)} addresses becomes a name of {port.host}"
            yield Hit(origin=origin_of(port.entry, "addresses"), message=message)


RULE = Rule(
    code="UNS518",
    severity=Severity.WARNING,
    check=_check,
    why="Istio makes one of them, by chance, a domain of the virtual host.",
    fix="Write one ServiceEntry an address.",
)
