"""The proxies write no access log.

What it means
Whether a 503 came from the server or from a broken connection stands in the access log alone: in its response flags and
details. Without it a failure cannot be diagnosed afterwards.

How we know
The mesh's settings have neither `accessLogFile` nor default providers of access logging, and no Telemetry of these
files has `accessLogging`.

What to do
Set `accessLogFile: /dev/stdout`, or write a Telemetry with `accessLogging`.

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
        message = "neither accessLogFile nor a Telemetry switches the access log on"
        yield Hit(origin=settings_place(view, "accessLogFile"), message=message)


RULE = Rule(
    code="UNS601",
    severity=Severity.WARNING,
    check=_check,
    needs="mesh",
    why="Why a request failed stands in the access log alone.",
    fix="Set accessLogFile: /dev/stdout, or write a Telemetry with accessLogging.",
)
