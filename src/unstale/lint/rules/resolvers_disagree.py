"""The firewall may not know the addresses that Envoy uses.

What it means
A firewall that lets addresses through because it has seen them in DNS answers learns from one resolver. Where the
application, Envoy and the firewall ask different ones, Envoy connects to addresses that the firewall never saw.

How we know
With `--dns` several resolvers were asked (`--resolver`), and their answers for a host have no address in common.

What to do
Let the application, the sidecar and the firewall use the same resolver.

Bad:

    # dns: api.example.com A 192.0.2.1 ttl 60
    # resolver: api.example.com 10.0.0.53 192.0.2.1
    # resolver: api.example.com 10.9.9.53 192.0.2.7
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

Good:

    # dns: api.example.com A 192.0.2.1 ttl 60
    # resolver: api.example.com 10.0.0.53 192.0.2.1 192.0.2.2
    # resolver: api.example.com 10.9.9.53 192.0.2.1
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
from itertools import combinations

from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, _ in by_port(port for port in view.external_ports if port.is_dns and port.is_first):
        for name in port.names:
            answer = view.answer(name)
            for (one, first), (other, second) in combinations(answer.resolvers if answer else (), 2):
                if first and second and not set(first) & set(second):
                    told = f"{one} has {', '.join(first)} and {other} has {', '.join(second)}"
                    yield Hit(origin=port.place, message=f"the resolvers disagree about {name}: {told}")


RULE = Rule(
    code="UNS316",
    severity=Severity.WARNING,
    check=_check,
    scenario="firewall-other-resolver",
    needs="dns",
    why="A firewall that learns from one resolver does not let the addresses of the other through.",
    fix="Use one resolver for application, sidecar and firewall.",
)
