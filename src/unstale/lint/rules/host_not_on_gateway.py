"""The gateway does not serve the host of the VirtualService.

What it means
A gateway takes only the hosts that its servers name. The rules of the VirtualService are never used there, callers get
404.

How we know
The Gateway is in these files, and none of its servers' hosts contains a host of the VirtualService.

What to do
Add the host to the Gateway, or correct it.

Bad:

    apiVersion: networking.istio.io/v1
    kind: Gateway
    metadata:
      name: edge
      namespace: shop
    spec:
      selector: {istio: ingressgateway}
      servers:
      - {port: {number: 80, name: http, protocol: HTTP}, hosts: [www.example.com]}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: shop
      namespace: shop
    spec:
      hosts:
      - shop.example.com
      gateways: [edge]
      http:
      - route: [{destination: {host: frontend}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: Gateway
    metadata:
      name: edge
      namespace: shop
    spec:
      selector: {istio: ingressgateway}
      servers:
      - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*.example.com"]}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: shop
      namespace: shop
    spec:
      hosts:
      - shop.example.com
      gateways: [edge]
      http:
      - route: [{destination: {host: frontend}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.host import overlaps
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.gateways import gateway_names, gateways
from unstale.lint.rule import Hit, Rule
from unstale.lint.surroundings import Neighbour
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    known = gateways(view)
    for spec in view.virtual_services:
        for at, name in gateway_names(spec):
            gateway = known.get(name)
            if gateway is None or not list(gateway.tree.find("spec", "servers").items()):
                continue
            served = list(_hosts(gateway, spec.metadata.namespace))
            named = [host for host in spec.hosts if "." in host or host == "*"]
            lost = [host for host in named if not any(overlaps(host.lower(), one) for one in served)]
            if lost:
                message = f"Gateway {name} does not serve {', '.join(lost)}"
                yield Hit(origin=origin_of(spec, f"gateways[{at}]"), message=message)


def _hosts(gateway: Neighbour, viewer: str) -> Iterator[str]:
    """The hosts of all servers that are open to a namespace."""
    for server in gateway.tree.find("spec", "servers").items():
        for one in server.find("hosts").items():
            namespace, slash, host = one.text.rpartition("/")
            is_open = not slash or namespace in ("*", viewer) or (namespace == "." and gateway.namespace == viewer)
            if is_open:
                yield host.lower()


RULE = Rule(
    code="UNS537",
    severity=Severity.WARNING,
    check=_check,
    others=("IST0132",),
    needs="gateways",
    why="The gateway answers 404 for a host that none of its servers names.",
    fix="Add the host to the Gateway's servers.",
)
