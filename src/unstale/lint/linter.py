"""All rules over all manifests, once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from unstale.envoy.proxy import Proxy
from unstale.envoy.release import parse_release
from unstale.istio.manifests import Manifests
from unstale.istio.mesh import MeshConfig
from unstale.istio.schema import NEWEST
from unstale.lint.dns_answer import DnsAnswer
from unstale.lint.finding import Finding, LintResult, NotJudged
from unstale.lint.ignores import Ignore
from unstale.lint.measured import measured
from unstale.lint.registry import rules
from unstale.lint.rule import Hit, Rule
from unstale.lint.surroundings import Surroundings, Tree
from unstale.lint.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that must be known beside the manifests, and how a user makes it known."""

    what: str
    how: str


NEEDS: Mapping[str, Need] = {
    "mesh": Need(what="the mesh's settings were not given", how="--mesh-config FILE"),
    "dns": Need(what="what DNS answers now was not asked", how="--dns"),
    "gateways": Need(what="no gateways are in these files", how="name the files of the gateways too"),
    "finished gateways": Need(
        what="no gateways are in these files, or an overlay renames them", how="name the rendered files of the gateways"
    ),
    "finished services": Need(
        what="no Services are in these files, or an overlay renames them", how="name the rendered files of the Services"
    ),
    "peers": Need(what="no PeerAuthentications are in these files", how="name their files too"),
}

_ECHOES = ("UNS001", "UNS002")
"""The codes of what is told as Istio's validation tells it."""
_IDLE = "UNS004"
"""The one rule that can be judged only after all others."""


def lint(
    manifests: Manifests,
    *,
    mesh: MeshConfig | None = None,
    proxy: Proxy | None = None,
    istio: str = NEWEST,
    dns: Mapping[str, DnsAnswer] | None = None,
    has_mesh: bool | None = None,
    surroundings: Surroundings | None = None,
    mesh_tree: Tree | None = None,
    ignores: tuple[Ignore, ...] = (),
    select: Collection[str] = (),
    ignore: Collection[str] = (),
) -> LintResult:
    """Judge the manifests as a release of Istio (1.24 to 1.32) takes them.

    Without a `proxy` every object is seen as a pod of its own namespace sees it. `has_mesh` says whether `mesh` is what
    the mesh really has (by default: whether it is given); rules that cannot do without are told in `not_judged`, and
    so are those that need what DNS answers (`dns`, by host in lower case). `select` and `ignore` are codes or
    beginnings of codes; `ignores` are the comments of the texts.
    """
    view = View(
        manifests=manifests,
        mesh=mesh or MeshConfig(),
        proxy=proxy,
        release=parse_release(istio),
        dns=dns,
        has_mesh=mesh is not None if has_mesh is None else has_mesh,
        surroundings=surroundings or Surroundings(),
        mesh_tree=mesh_tree,
        ignores=ignores,
    )
    return _judged([rule for rule in rules().values() if _is_wanted(rule.code, select, ignore)], view)


def _judged(wanted: list[Rule], view: View) -> LintResult:
    judged = [rule for rule in wanted if view.knows(rule.needs)]
    found = {finding: None for rule in judged for finding in _findings(rule, view)}
    told = _without_echoes(found)
    findings = _without_ignored(told, judged, view)
    return LintResult(
        findings=tuple(sorted(findings, key=lambda one: (one.origin, one.code))),
        ignored=len(set(told) - set(findings)),
        not_judged=tuple(_not_judged([rule for rule in wanted if not view.knows(rule.needs)])),
    )


def _is_wanted(code: str, select: Collection[str], ignore: Collection[str]) -> bool:
    is_selected = not select or any(code.startswith(each) for each in select)
    return is_selected and not any(code.startswith(each) for each in ignore)


def _findings(rule: Rule, view: View) -> Iterator[Finding]:
    for hit in rule.check(view):
        yield _finding(rule, hit)


def _finding(rule: Rule, hit: Hit) -> Finding:
    return Finding(
        code=rule.code,
        severity=rule.severity,
        origin=hit.origin,
        message=hit.message,
        why=hit.why or rule.why,
        fix=hit.fix or rule.fix,
        measured=measured().get(rule.code),
        others=rule.others,
    )


def _without_echoes(findings: Collection[Finding]) -> list[Finding]:
    """What Istio's validation says is left out where a rule of its own says it at the same place."""
    told = {finding.origin for finding in findings if finding.code not in _ECHOES}
    return [one for one in findings if not (one.code in _ECHOES and one.origin in told)]


def _without_ignored(findings: list[Finding], judged: Collection[Rule], view: View) -> list[Finding]:
    """What a comment switches off; comments that switch nothing off are findings themselves."""
    at: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings if view.ignores else ():
        at.setdefault((finding.origin.file, finding.code), []).append(finding)
    codes = {rule.code for rule in judged}
    hidden: set[Finding] = set()
    idle: list[tuple[Ignore, tuple[str, ...]]] = []
    for ignore in view.ignores:
        nothing = []
        for code in ignore.codes:
            covered = [one for one in at.get((ignore.origin.file, code), ()) if ignore.covers(one)]
            hidden.update(covered)
            if not covered and (code in codes or code not in rules()):
                nothing.append(code)
        if nothing:
            idle.append((ignore, tuple(nothing)))
    view.idle_ignores = tuple(idle)
    last = [finding for rule in judged if rule.code == _IDLE for finding in _findings(rule, view)]
    return [one for one in findings if one not in hidden] + last


def _not_judged(left: list[Rule]) -> Iterator[NotJudged]:
    by_need: dict[str, list[str]] = {}
    for rule in left:
        by_need.setdefault(rule.needs or "", []).append(rule.code)
    for need, codes in by_need.items():
        yield NotJudged(codes=tuple(codes), what=NEEDS[need].what, how=NEEDS[need].how)
