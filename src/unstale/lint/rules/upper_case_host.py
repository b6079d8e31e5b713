"""Upper case in a host makes its route point nowhere.

What it means
Istio writes routes in lower case and the cluster as it stands in the ServiceEntry. Envoy finds no cluster of the name
in the route: 503 NC for every request.

How we know
A host of the ServiceEntry has upper-case letters. The compiled route and cluster differ.

What to do
Write it in lower case.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - API.example.com
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

from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for entry in view.manifests.service_entries:
        for index, host in enumerate(entry.hosts):
            if host != host.lower():
                yield Hit(
                    origin=origin_of(entry, f"hosts[{index}]"),
                    message=f"{host} has upper-case letters, so its route and its cluster differ in name",
                    fix=f"Write {host.lower()}.",
                )


RULE = Rule(
    code="UNS519",
    severity=Severity.ERROR,
    check=_check,
    why="Istio writes routes in lower case and clusters as they stand: 503 NC.",
    fix="Write the host in lower case.",
)
