"""A finding is ignored, and nobody says why.

What it means
Whoever reads the manifest next year cannot tell whether the reason still holds.

How we know
A comment `# unstale: ignore=CODE` has no words behind the codes, or no codes at all.

What to do
Write the reason behind the code: `# unstale: ignore=UNS104 the server knows the idempotency key`.

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
      resolution: NONE
      ports:
      - {number: 80, name: http, protocol: HTTP}
    # unstale: ignore=UNS401

Good:

    # unstale: ignore=UNS401 the server closes each connection itself
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
    for ignore in view.ignores:
        if not ignore.codes:
            yield Hit(origin=ignore.origin, message="the comment names no code", fix="Write ignore=UNS104 and why.")
        elif not ignore.reason:
            yield Hit(origin=ignore.origin, message=f"{', '.join(ignore.codes)} is ignored without a reason")


RULE = Rule(
    code="UNS003",
    severity=Severity.WARNING,
    check=_check,
    why="Nobody can tell later whether the reason still holds.",
    fix="Write the reason behind the code.",
)
