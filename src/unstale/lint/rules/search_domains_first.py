"""The application asks for several wrong names before the right one.

What it means
With `ndots` above the dots of a name the resolver of the pod tries every search domain first: five questions for one,
and a wrong answer of one of them is taken for the host. The proxy's own look-ups go through the same list.

How we know
A pod of these files writes `ndots` in its `dnsConfig`, and a host of these files that the proxy looks up has fewer
dots.

What to do
Write `ndots: 1` for pods that call external hosts, or end the names with a dot in the application.

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
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      dnsConfig: {options: [{name: ndots, value: "5"}]}

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
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      dnsConfig: {options: [{name: ndots, value: "1"}]}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.surroundings import WORKLOADS
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    names = [name for port in view.external_ports if port.is_dns for name in port.names]
    fewest = min(names, key=lambda name: name.count("."), default=None)
    if fewest is None:
        return
    for workload in view.surroundings.of(*WORKLOADS):
        for option in workload.template.find("spec", "dnsConfig", "options").items():
            text = option.find("value").text
            if option.find("name").text == "ndots" and text.isdecimal() and int(text) > fewest.count("."):
                message = f"ndots {text} of {workload.kind} {workload.name} puts the search domains before {fewest}"
                yield Hit(origin=option.origin, message=message)


RULE = Rule(
    code="UNS315",
    severity=Severity.WARNING,
    check=_check,
    why="Each look-up is preceded by one for every search domain.",
    fix="Write ndots: 1, or end the names with a dot.",
)
