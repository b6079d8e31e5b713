"""From manifests with pitfalls to manifests without: lint, edit, and lint again, until nothing more can be ended.

Findings hang together: rules that are split by method are judged anew, and a DestinationRule that was added for one
finding ends two others. So each round makes at most one change to an object, and the next round sees what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from unstale.istio.mesh import MeshConfig
from unstale.istio.source import Source
from unstale.lint.finding import Finding, Severity
from unstale.lint.ignores import ignores_in
from unstale.lint.linter import lint
from unstale.lint.reading import read
from unstale.remedy.editing.edit import Addition, CannotEditError, Edit
from unstale.remedy.editing.files import edited
from unstale.remedy.facts import HostFacts
from unstale.remedy.objects import Objects, Written, hosts_of, objects_of
from unstale.remedy.registry import remedy_for
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_MOST_ROUNDS = 200
_MOST_PASSES = 8
_NOT_ENDED = "its remedy does not end it here"
_REFUSED_BY_ISTIO = "UNS001"
_FIXED = frozenset({Severity.ERROR, Severity.WARNING})

_Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A finding that was ended, and its remedy; None where the remedy of another one ended it too."""

    finding: Finding
    remedy: Remedy | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A finding that is still there; `why` says why no remedy ended it."""

    finding: Finding
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The texts afterwards, in the order in which they were given, what was done, and what is left to do by hand."""

    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    left: tuple[Left, ...]


@dataclass(slots=True, kw_only=True)
class _Work:
    known: HostFacts
    mesh: MeshConfig | None
    only_hosts: frozenset[str]
    texts: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    reasons: dict[_Key, str] = field(default_factory=dict)
    refused: set[_Key] = field(default_factory=set)

    def refuse(self, findings: Iterable[Finding]) -> None:
        """Do not try these again: their remedy does not end them, or breaks something else."""
        for finding in findings:
            self.refused.add(_key(finding))
            self.reasons[_key(finding)] = _NOT_ENDED

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(Source(name=name, text=text) for name, text in self.texts.items())


def fix(
    sources: Sequence[Source],
    *,
    known: HostFacts,
    mesh: MeshConfig | None = None,
    only_hosts: Collection[str] = (),
    codes: Collection[str] = (),
) -> Fixed:
    """End what can be ended. `known` is what was told of hosts, the release with it; its host does not matter.

    `only_hosts`, where there are any, leaves findings about other hosts alone, `codes` those of other pitfalls. What is
    information only is told by `unstale lint` and not changed. Raises InputError for an unknown release.
    """
    texts = {source.name: source.text for source in sources}
    hosts = frozenset(host.lower() for host in only_hosts)
    work = _Work(known=known, mesh=mesh, only_hosts=hosts, texts=texts)
    findings = first = _findings(work, codes)
    for _ in range(_MOST_PASSES):
        found = _pass(work, findings, codes)
        if found == findings:
            break
        findings = found
        work.refused.clear()
    left = [Left(finding=one, why=work.reasons.get(_key(one), _NOT_ENDED)) for one in findings]
    return Fixed(sources=work.sources, steps=tuple(_steps(work, first, findings)), left=tuple(left))


def _pass(work: _Work, findings: list[Finding], codes: Collection[str]) -> list[Finding]:
    """Rounds until none changes anything; what is left. A later pass may end what an earlier one could not yet."""
    most: int | None = None
    for _ in range(_MOST_ROUNDS):
        before = dict(work.texts)
        tried = _round(work, findings, most)
        if not tried:
            break
        found = _findings(work, codes)
        stayed = _stayed(tried, findings, found)
        is_broken = _refused(found) > _refused(findings)
        if stayed or (is_broken and len(tried) == 1):
            work.refuse(tried if is_broken else stayed)
        if stayed or is_broken:
            work.texts, most = before, 1 if is_broken else None
            continue
        work.steps.extend(Step(finding=one, remedy=remedy_for(one.code, work.known)) for one in tried)
        findings, most = found, None
    return findings


def _steps(work: _Work, first: Sequence[Finding], last: Sequence[Finding]) -> Iterator[Step]:
    """What was found at first and is gone, with the place that it had then; one remedy often ends several."""
    still = {_key(one) for one in last}
    done = {_key(step.finding): step.remedy for step in work.steps}
    for finding in first:
        key = _key(finding)
        if key not in still:
            yield Step(finding=finding, remedy=done.get(key))


def _findings(work: _Work, codes: Collection[str]) -> list[Finding]:
    reading = read(work.sources, istio=work.known.istio)
    result = lint(
        reading.manifests,
        mesh=work.mesh,
        istio=work.known.istio,
        surroundings=reading.surroundings,
        ignores=ignores_in(work.sources),
    )
    found = [one for one in result.findings if one.severity in _FIXED and (not codes or one.code in codes)]
    if not work.only_hosts:
        return found
    objects = objects_of(work.sources)
    return [one for one in found if _is_about(objects.at(one.origin), work.only_hosts)]


def _is_about(written: Written | None, hosts: frozenset[str]) -> bool:
    return written is not None and not hosts.isdisjoint(name.lower() for name in hosts_of(written))


def _stayed(tried: Sequence[Finding], before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """Those that are as many as before: two findings may read the same, and only one of them is tried at a time."""
    counts, now = Counter(map(_key, before)), Counter(map(_key, after))
    return [finding for finding in tried if now[_key(finding)] >= counts[_key(finding)]]


def _refused(findings: Iterable[Finding]) -> int:
    return sum(finding.code == _REFUSED_BY_ISTIO for finding in findings)


def _round(work: _Work, findings: Sequence[Finding], most: int | None) -> list[Finding]:
    """Make what changes can be made side by side, `most` at most; the findings that they are to end."""
    objects = objects_of(work.sources)
    changes: list[Edit | Addition] = []
    touched: set[object] = set()
    tried: dict[_Key, Finding] = {}
    names = {(one.kind, one.name, one.namespace) for one in objects.every}
    for finding in findings:
        if _key(finding) in work.refused or _key(finding) in tried:
            continue
        made = list(_made(work, objects, finding))
        targets = {_target(one) for one in made}
        if not made or targets & touched or len(tried) == most:
            continue
        touched |= targets
        tried[_key(finding)] = finding
        changes.extend(_unique(one, names) if isinstance(one, Addition) else one for one in made)
    try:
        work.texts |= _edited(work, *_by_file(changes))
    except CannotEditError:
        return _one_by_one(work, objects, list(tried.values()))
    return list(tried.values())


def _edited(work: _Work, edits: Mapping[str, list[Edit]], additions: Mapping[str, list[Addition]]) -> dict[str, str]:
    return {
        name: edited(Source(name=name, text=work.texts[name]), edits.get(name, ()), additions.get(name, ()))
        for name in {**edits, **additions}
    }


def _one_by_one(work: _Work, objects: Objects, tried: Sequence[Finding]) -> list[Finding]:
    """Some change cannot be made: the first one that can, alone; those that cannot are told."""
    for finding in tried:
        made = list(_made(work, objects, finding))
        try:
            work.texts |= _edited(work, *_by_file(made))
        except CannotEditError as error:
            work.refused.add(_key(finding))
            work.reasons[_key(finding)] = str(error)
        else:
            return [finding]
    return []


def _by_file(made: Iterable[Edit | Addition]) -> tuple[dict[str, list[Edit]], dict[str, list[Addition]]]:
    edits: dict[str, list[Edit]] = {}
    additions: dict[str, list[Addition]] = {}
    for one in made:
        if isinstance(one, Edit):
            edits.setdefault(one.place.file, []).append(one)
        else:
            additions.setdefault(one.file, []).append(one)
    return edits, additions


def _made(work: _Work, objects: Objects, finding: Finding) -> Iterator[Edit | Addition]:
    """The changes that end a finding; none, and the reason kept, where there are none."""
    remedy = remedy_for(finding.code, work.known)
    written = objects.at(finding.origin)
    if remedy is None or remedy.edits is None or written is None:
        work.reasons[_key(finding)] = "no remedy in files"
        return
    if work.known.minor < remedy.since:
        work.reasons[_key(finding)] = f"its remedy needs Istio 1.{remedy.since}"
        return
    site = Site(
        finding=finding,
        written=written,
        path=written.path_at(finding.origin.line, finding.origin.column),
        objects=objects,
        known=work.known,
    )
    made = list(remedy.edits(site))
    if not made:
        work.reasons[_key(finding)] = "no remedy for this form of it"
    yield from made


def _target(one: Edit | Addition) -> object:
    """What a change touches: an object, or the hosts for which one of its kind is added."""
    if isinstance(one, Edit):
        return one.place
    spec, metadata = one.manifest.get("spec"), one.manifest.get("metadata")
    hosts = (spec.get("host") or spec.get("hosts")) if isinstance(spec, Mapping) else None
    return (one.manifest.get("kind"), str(hosts or metadata))


def _unique(addition: Addition, taken: set[tuple[str, str, str | None]]) -> Addition:
    """Under a name that no other object of its kind has; the name is taken then."""
    manifest = addition.manifest
    metadata = manifest["metadata"]
    assert isinstance(metadata, Mapping)
    kind, namespace = str(manifest["kind"]), metadata.get("namespace")
    name, number = str(metadata["name"]), 2
    while (kind, name, namespace) in taken:
        name, number = f"{metadata['name']}-{number}", number + 1
    taken.add((kind, name, str(namespace) if namespace else None))
    return replace(addition, manifest={**manifest, "metadata": {**metadata, "name": name}})


def _key(finding: Finding) -> _Key:
    """The same finding before and after lines moved."""
    return finding.code, finding.origin.file, finding.message
