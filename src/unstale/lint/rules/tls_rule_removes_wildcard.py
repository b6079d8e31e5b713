"""A rule for one name takes the other names of the wildcard away.

What it means
As soon as a VirtualService has a `tls` rule for a name under a wildcard ServiceEntry, Istio makes the connection chains
of that wildcard from the rules alone. Other names of the wildcard pass through unseen, or are refused under
REGISTRY_ONLY.

How we know
`sniHosts` names hosts inside of a wildcard ServiceEntry with a TLS port, and no match of the VirtualServices for it
names the wildcard itself.

What to do
Add a match for the wildcard.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      location: MESH_EXTERNAL
      resolution: NONE
      ports:
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      tls:
      - match: [{port: 443, sniHosts: [api.example.com]}]
        route: [{destination: {host: api.example.com}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      location: MESH_EXTERNAL
      resolution: NONE
      ports:
      - {number: 443, name: tls, protocol: TLS}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: all
      namespace: shop
    spec:
      hosts:
      - "*.example.com"
      tls:
      - match: [{port: 443, sniHosts: [api.example.com]}]
        route: [{destination: {host: api.example.com}}]
      - match: [{port: 443, sniHosts: ["*.example.com"]}]
        route: [{destination: {host: "*.example.com"}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import origin_of
from unstale.istio.virtual_service import TLSMatchAttributes, VirtualService
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, _ in by_port(one for one in view.external_ports if one.protocol.is_tls and one.key.startswith("*")):
        matches = list(_matches(view.virtual_services_for(port.key), port.number))
        if any(port.key in (name.lower() for name in match.sni_hosts) for match in matches):
            continue
        for match in matches:
            inner = [name for name in match.sni_hosts if name.lower().endswith(port.key[1:])]
            if inner:
                message = f"this rule for {', '.join(inner)} takes the other names of {port.host} away"
                yield Hit(origin=origin_of(match, "sni_hosts"), message=message)
                break


def _matches(specs: list[VirtualService], number: int) -> Iterator[TLSMatchAttributes]:
    for spec in specs:
        for rule in spec.tls:
            for match in rule.match:
                is_for_pods = not match.gateways or "mesh" in match.gateways
                is_limited = match.source_labels or match.source_namespace or match.port not in (None, 0, number)
                if is_for_pods and not is_limited:
                    yield match


RULE = Rule(
    code="UNS517",
    severity=Severity.WARNING,
    check=_check,
    why="Istio then makes the wildcard's chains from the rules alone: its other names pass through or are refused.",
    fix="Add a match with the wildcard in sniHosts.",
)
