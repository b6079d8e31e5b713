"""A wildcard host cannot be looked up.

What it means
DNS has no answer for `*.example.com`, so Istio rejects the ServiceEntry.

How we know
The resolution is DNS or DNS_ROUND_ROBIN, a host is a wildcard, and no endpoints say where it is.

What to do
Write `resolution: DYNAMIC_DNS` (Istio 1.30 or newer), which looks up each name that is called; or NONE, or endpoints.

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
      resolution: DNS
      ports:
      - {number: 443, name: tls, protocol: TLS}

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
      resolution: DYNAMIC_DNS
      ports:
      - {number: 443, name: tls, protocol: TLS}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.service import DNS
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_DYNAMIC_SINCE = 30


def _check(view: View) -> Iterator[Hit]:
    for entry in view.manifests.service_entries:
        if entry.resolution not in DNS or entry.endpoints or entry.workload_selector:
            continue
        for index, host in enumerate(entry.hosts):
            if host.startswith("*"):
                newer = view.release.minor >= _DYNAMIC_SINCE
                yield Hit(
                    origin=origin_of(entry, f"hosts[{index}]"),
                    message=f"{host} cannot be looked up with resolution {entry.resolution}",
                    fix="" if newer else "Write resolution: NONE, or give endpoints.",
                )


RULE = Rule(
    code="UNS309",
    severity=Severity.ERROR,
    check=_check,
    why="Istio's webhook rejects the ServiceEntry.",
    fix="Write resolution: DYNAMIC_DNS, or NONE, or give endpoints.",
)
