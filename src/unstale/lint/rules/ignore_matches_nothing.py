"""An ignored finding is not there any more.

What it means
The comment may hide the next one of its kind, which nobody has looked at.

How we know
A comment `# unstale: ignore=CODE` names a code that was judged, and no finding of that code is at its line or in its
object.

What to do
Remove the comment.

Bad:

    # unstale: ignore=UNS302 the addresses never change
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

    # unstale: ignore=UNS302 the addresses never change
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: NONE
      ports:
      - {number: 80, name: http, protocol: HTTP}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for ignore, codes in view.idle_ignores:
        yield Hit(origin=ignore.origin, message=f"no finding of {', '.join(codes)} is here")


RULE = Rule(
    code="UNS004",
    severity=Severity.WARNING,
    check=_check,
    why="The comment may hide a finding that nobody has looked at.",
    fix="Remove the comment.",
)
