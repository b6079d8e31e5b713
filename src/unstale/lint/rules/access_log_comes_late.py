"""Lines of the access log are written up to ten seconds late.

What it means
Envoy collects lines before it writes them. Who puts the application's log beside it must allow for a window of some
ten seconds, and a pod that is killed loses its last lines.

How we know
The access log is on, and the mesh's `defaultConfig` has no `fileFlushInterval` below 5 s. Measured: some 10 s by
default.

What to do
Write `fileFlushInterval: 1s` (as far as the release knows it), or correlate with a window.

Bad:

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

Good:

    # mesh-config: {accessLogFile: /dev/stdout, defaultConfig: {fileFlushInterval: 1s}}
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

from unstale.istio.duration import Duration
from unstale.lint.finding import Severity
from unstale.lint.observability import has_access_log, settings_place
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_LATE_S = 5


def _check(view: View) -> Iterator[Hit]:
    if view.mesh_tree is None or not has_access_log(view):
        return
    text = view.mesh_tree.find("defaultConfig", "fileFlushInterval").text
    if not text or _seconds(text) > _LATE_S:
        message = f"lines of the access log come up to {text or '10s'} late"
        yield Hit(origin=settings_place(view, "accessLogFile"), message=message)


def _seconds(text: str) -> float:
    try:
        return Duration.parse(text).seconds
    except ValueError:
        return 0.0


RULE = Rule(
    code="UNS603",
    severity=Severity.INFORMATION,
    check=_check,
    needs="mesh",
    why="Envoy collects lines before it writes them.",
    fix="Write defaultConfig.fileFlushInterval: 1s, or correlate with a window of ten seconds.",
)
