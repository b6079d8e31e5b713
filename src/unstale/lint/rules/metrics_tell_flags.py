"""Without a log the metrics still tell the response flags.

What it means
`istio_requests_total` has the label `response_flags`. Where the access log is off, it tells how many requests ended
with UC, UF, UH or NC, though not which.

How we know
The mesh's settings were given and switch no access log on, nor does a Telemetry of these files.

What to do
Ask `sum by (response_flags, destination_service) (rate(istio_requests_total{response_code="503"}[5m]))`.

Bad:

    # mesh-config: {dnsRefreshRate: 5s}
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

    # mesh-config: {accessLogFile: /dev/stdout}
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

from unstale.lint.finding import Severity
from unstale.lint.observability import has_access_log, settings_place
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    if not has_access_log(view):
        message = "istio_requests_total has response_flags, which tells failures apart without an access log"
        yield Hit(origin=settings_place(view, "accessLogFile"), message=message)


RULE = Rule(
    code="UNS605",
    severity=Severity.INFORMATION,
    check=_check,
    needs="mesh",
    why="The metric counts requests by their response flags.",
    fix='Ask for istio_requests_total{response_code="503"} by response_flags.',
)
