"""A dead address gets its share of the requests until DNS drops it.

What it means
With several addresses and no outlier detection each new request is as likely to go to the dead one as to the others,
and each pays for a connect time-out.

How we know
DNS, asked with `--dns`, has more than one address for an external host, and no `outlierDetection` holds for it.

What to do
Write `outlierDetection` with `splitExternalLocalOriginErrors: true` and `consecutiveLocalOriginFailures`, which counts
failed connections only.

Bad:

    # dns: api.example.com A 192.0.2.1 A 192.0.2.2 ttl 60
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

    # dns: api.example.com A 192.0.2.1 A 192.0.2.2 ttl 60
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
      trafficPolicy:
        outlierDetection:
          splitExternalLocalOriginErrors: true
          consecutiveLocalOriginFailures: 3
          consecutive5xxErrors: 0
          minHealthPercent: 50
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.address_count import address_count
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for port, hosts in by_port(port for port in view.external_ports if port.is_dns and port.is_first):
        count = address_count(port, view) or 0
        if count > 1 and all(policy.traffic.outlier_detection is None for policy in view.policies(port)):
            message = f"{hosts} has {count} addresses, and a dead one is not left out"
            yield Hit(origin=port.place, message=message)


RULE = Rule(
    code="UNS411",
    severity=Severity.INFORMATION,
    check=_check,
    scenario="one-dead-address",
    needs="dns",
    why="Requests go on to an address that does not answer, until DNS drops it.",
    fix="Write outlierDetection with consecutiveLocalOriginFailures: 3 and splitExternalLocalOriginErrors: true.",
)
