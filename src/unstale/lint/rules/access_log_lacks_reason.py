"""The format of the access log leaves out why a request failed.

What it means
A 503 without its response flags, details and upstream host is a 503 and nothing else: a dead connection, an empty
cluster and the server's own error look the same.

How we know
The mesh's `accessLogFormat` is set and lacks `%RESPONSE_FLAGS%`, `%RESPONSE_CODE_DETAILS%` or `%UPSTREAM_HOST%`.

What to do
Add them, or leave `accessLogFormat` out: Istio's own format has them.

Bad:

    # mesh-config: {accessLogFile: /dev/stdout, accessLogFormat: "%START_TIME% %RESPONSE_CODE% %DURATION%"}
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

    # mesh-config: {accessLogFormat: "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %UPSTREAM_HOST%"}
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
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_NEEDED = ("%RESPONSE_FLAGS", "%RESPONSE_CODE_DETAILS%", "%UPSTREAM_HOST%")


def _check(view: View) -> Iterator[Hit]:
    written = view.mesh_tree.find("accessLogFormat") if view.mesh_tree is not None else None
    if written is None or not written.text:
        return
    missing = [name for name in _NEEDED if name not in written.text]
    if missing:
        names = ", ".join(f"{name.rstrip('%')}%" for name in missing)
        yield Hit(origin=written.origin, message=f"accessLogFormat lacks {names}")


RULE = Rule(
    code="UNS604",
    severity=Severity.INFORMATION,
    check=_check,
    needs="mesh",
    why="Without them a dead connection, an empty cluster and the server's own error look the same.",
    fix="Add them, or leave accessLogFormat out.",
)
