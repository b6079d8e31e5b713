"""The counters that show stale connections are not kept.

What it means
Istio's proxies keep few of Envoy's statistics. `upstream_cx_destroy_*`, `upstream_rq_retry*` and
`upstream_cx_max_duration_reached` of a cluster, which tell how connections ended and what was retried, are not among
them.

How we know
The mesh's `defaultConfig` has no `proxyStatsMatcher` whose prefixes, suffixes or expressions take such a name. Pods may
have annotations of their own (`sidecar.istio.io/statsInclusionPrefixes`).

What to do
Write a `proxyStatsMatcher` with `inclusionRegexps: [".*upstream_(cx_destroy|cx_max_duration|rq_retry).*"]`.

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

    # mesh-config: {defaultConfig: {proxyStatsMatcher: {inclusionRegexps: [".*upstream_(cx_destroy|rq_retry).*"]}}}
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
from unstale.lint.observability import settings_place
from unstale.lint.rule import Hit, Rule
from unstale.lint.surroundings import Tree
from unstale.lint.view import View
from unstale.re2.expression import is_full_match
from unstale.re2.syntax import ExpressionError, compile_expression

_NAMES = (
    "cluster.outbound|80||api.example.com;.upstream_cx_destroy_remote_with_active_rq",
    "cluster.outbound|80||api.example.com;.upstream_rq_retry",
)


def _check(view: View) -> Iterator[Hit]:
    if view.mesh_tree is None:
        return
    matcher = view.mesh_tree.find("defaultConfig", "proxyStatsMatcher")
    if not any(_takes(matcher, name) for name in _NAMES):
        message = "how upstream connections end and what is retried is not counted"
        yield Hit(origin=settings_place(view, "defaultConfig"), message=message)


def _takes(matcher: Tree, name: str) -> bool:
    prefixes = tuple(one.text for one in matcher.find("inclusionPrefixes").items())
    suffixes = tuple(one.text for one in matcher.find("inclusionSuffixes").items())
    return (
        (bool(prefixes) and name.startswith(prefixes))
        or (bool(suffixes) and name.endswith(suffixes))
        or any(_matches(one.text, name) for one in matcher.find("inclusionRegexps").items())
    )


def _matches(expression: str, name: str) -> bool:
    try:
        return is_full_match(compile_expression(expression), name)
    except ExpressionError:
        return True


RULE = Rule(
    code="UNS602",
    severity=Severity.INFORMATION,
    check=_check,
    needs="mesh",
    why="Istio's proxies drop these counters unless a matcher includes them.",
    fix='Write proxyStatsMatcher: {inclusionRegexps: [".*upstream_(cx_destroy|cx_max_duration|rq_retry).*"]}.',
)
