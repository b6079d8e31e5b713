"""Addresses that change are written down.

What it means
The load balancers of a cloud get new addresses whenever they scale or are repaired. A ServiceEntry with
`resolution: STATIC` sends to the old ones for ever.

How we know
Endpoints of an external host have public addresses, and the host is under a domain whose addresses rotate (of a cloud's
load balancers, storage or functions); or DNS, asked with `--dns`, gives none of the addresses that are written.

What to do
Write `resolution: DNS` and leave `endpoints` out, or give names as endpoints.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: shop-1234
      namespace: shop
    spec:
      hosts:
      - shop-1234.elb.eu-west-1.amazonaws.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: 52.95.110.1}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: shop-1234
      namespace: shop
    spec:
      hosts:
      - shop-1234.elb.eu-west-1.amazonaws.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from unstale.istio.service_entry import Resolution
from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View
from unstale.model.origin import Origin

_ROTATING = (
    *(".amazonaws.com", ".cloudfront.net", ".awsglobalaccelerator.com", ".azurewebsites.net", ".windows.net"),
    *(".cloudapp.azure.com", ".azure-api.net", ".azurefd.net", ".trafficmanager.net", ".googleapis.com", ".run.app"),
    *(".cloudfunctions.net", ".akamaiedge.net", ".edgesuite.net", ".fastly.net", ".herokuapp.com", ".vercel.app"),
)
"""Domains of providers that give no promise of addresses; each provider's documentation says to use the name."""


def _check(view: View) -> Iterator[Hit]:
    static = (port for port in view.external_ports if port.service.resolution is Resolution.STATIC and port.is_first)
    for port, hosts in by_port(static):
        written = {endpoint.address or "" for endpoint in port.entry.endpoints}
        answer = view.answer(port.key)
        told = ""
        if answer is not None and answer.addresses and not written & set(answer.addresses):
            told = f"DNS has {', '.join(answer.addresses)} for it now"
        elif port.key.endswith(_ROTATING) and any(_is_public(text) for text in written):
            told = "the addresses of this domain change"
        if told:
            message = f"{hosts} is pinned to {', '.join(sorted(written))}: {told}"
            yield Hit(origin=_place(port), message=message)


def _place(port: HostPort) -> Origin:
    return port.entry.endpoints[0].origin if port.entry.endpoints else port.resolution_place


def _is_public(text: str) -> bool:
    try:
        return ip_address(text).is_global
    except ValueError:
        return False


RULE = Rule(
    code="UNS303",
    severity=Severity.ERROR,
    check=_check,
    why="When they change, every request goes to an address that is somebody else's or nobody's.",
    fix="Write resolution: DNS and leave the endpoints out.",
)
