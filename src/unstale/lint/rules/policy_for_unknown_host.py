"""A DestinationRule is for a host that nobody knows.

What it means
A rule whose host is not in the registry has no effect. A misspelt host looks as if it were configured.

How we know
The host is an external name, and no ServiceEntry of these files is for it or for a name inside of it.

What to do
Correct the name, add the ServiceEntry, or name its file too.

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
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: apis
      namespace: shop
    spec:
      host: apis.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}

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
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: api
      namespace: shop
    spec:
      host: api.example.com
      trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from unstale.envoy.host import fqdn
from unstale.istio.message import origin_of
from unstale.lint.finding import Severity
from unstale.lint.host_port import in_full, is_inside
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for rule in view.manifests.destination_rules:
        host = fqdn(rule.host, rule.metadata.namespace)
        if is_inside(host) or host == "*" or view.is_known(host) or _is_around(host, view):
            continue
        near = difflib.get_close_matches(host, view.definitions.values, n=1, cutoff=0.8)
        fix = f"Did you mean {near[0]}?" if near else in_full(host)
        message = f"no ServiceEntry of these files is for {rule.host}"
        yield Hit(origin=origin_of(rule, "host"), message=message, fix=fix)


def _is_around(host: str, view: View) -> bool:
    """A wildcard that some known host is inside of."""
    return host.startswith("*") and host in view.suffixes


RULE = Rule(
    code="UNS505",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0174", "KIA0202"),
    why="A rule for a host that is not in the registry has no effect.",
    fix="Add a ServiceEntry for the host, or correct the name.",
)
