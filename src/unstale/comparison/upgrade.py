"""What the same manifests do differently under another release of Istio."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from unstale.comparison.compare import Change, compare
from unstale.comparison.notes import Note, notes
from unstale.envoy.inputs import Configuration, Setting, compile_sources
from unstale.istio.load import load
from unstale.istio.schema import release_number
from unstale.istio.source import Source
from unstale.model.errors import InputError, ManifestError
from unstale.model.origin import Origin
from unstale.model.problem import Problem

_SEPARATOR = re.compile(r"^---(?:[ \t].*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One release refuses what the other accepts; the object is left out of that release's configuration.

    `first` and `last` are the lines of its document.
    """

    release: str
    problem: Problem
    first: int
    last: int

    def is_of(self, origin: Origin) -> bool:
        """The place is in the refused document."""
        return origin.file == self.problem.origin.file and self.first <= origin.line <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """Everything that changes; `notes` are changes that Envoy's configuration does not show.

    `patches_by_version` are the places of EnvoyFilter patches that only certain versions of the proxy get.
    """

    older: str
    newer: str
    refusals: tuple[Refusal, ...]
    changes: tuple[Change, ...]
    notes: tuple[Note, ...]
    patches_by_version: frozenset[Origin]
    warnings: tuple[Problem, ...]

    def refusal_behind(self, change: Change) -> Refusal | None:
        """The refusal of an object that the piece is made of in the other release."""
        found = (refusal for refusal in self.refusals if any(map(refusal.is_of, change.piece.origins)))
        return next(found, None)

    @property
    def is_empty(self) -> bool:
        """Nothing changes."""
        return not (self.refusals or self.changes or self.notes)


def upgrade(sources: tuple[Source, ...], setting: Setting, *, older: str, newer: str) -> Upgrade:
    """Compile for both releases and compare; `setting` gives mesh and pod.

    Raises InputError for an unknown release, ManifestError for what both releases refuse.
    """
    numbers = {release: release_number(release) for release in (older, newer)}
    if numbers[older] > numbers[newer]:
        raise InputError(f"--to: older than --from ({newer}, {older}). Write the release in use first.")
    refused = {release: _refused(sources, release) for release in (older, newer)}
    wrong_before = {problem.origin for problem in refused[older]}
    both = [problem for problem in refused[newer] if problem.origin in wrong_before]
    if both:
        raise ManifestError(both)
    made = {release: _compiled(sources, setting, release, refused[release]) for release in (older, newer)}
    return Upgrade(
        older=older,
        newer=newer,
        refusals=tuple(refusal for release, found in refused.items() for refusal in _refusals(sources, release, found)),
        changes=compare(made[older].resources, made[newer].resources),
        notes=tuple(notes(made[newer], numbers[older], numbers[newer])),
        patches_by_version=frozenset(_by_version(made[newer])),
        warnings=made[newer].warnings,
    )


def _by_version(configuration: Configuration) -> Iterator[Origin]:
    for envoy_filter in configuration.manifests.envoy_filters:
        for patch in envoy_filter.config_patches:
            if patch.match is not None and patch.match.proxy is not None and patch.match.proxy.proxy_version:
                yield patch.origin


def _refused(sources: tuple[Source, ...], release: str) -> tuple[Problem, ...]:
    try:
        load(sources, istio=release)
    except ManifestError as error:
        return error.problems
    return ()


def _refusals(sources: tuple[Source, ...], release: str, problems: tuple[Problem, ...]) -> Iterator[Refusal]:
    texts = {source.name: source.text for source in sources}
    for problem in problems:
        documents = _documents(texts[problem.origin.file].split("\n"))
        first, last = next(lines for lines in documents if problem.origin.line <= lines[1])
        yield Refusal(release=release, problem=problem, first=first, last=last)


def _compiled(
    sources: tuple[Source, ...], setting: Setting, release: str, problems: tuple[Problem, ...]
) -> Configuration:
    """Without the objects that the release refuses."""
    lines: dict[str, set[int]] = {}
    for problem in problems:
        lines.setdefault(problem.origin.file, set()).add(problem.origin.line)
    kept = tuple(
        replace(source, text=_without(source.text, lines[source.name])) if source.name in lines else source
        for source in sources
    )
    return compile_sources(kept, replace(setting, istio=release))


def _without(text: str, lines: set[int]) -> str:
    """The text with the documents of these lines blank, so that all others keep their places."""
    kept = text.split("\n")
    for first, last in _documents(kept):
        if any(first <= line <= last for line in lines):
            kept[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(kept)


def _documents(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """First and last line of each document, from 1, without the separators."""
    first, number = 1, 0
    for number, line in enumerate(lines, 1):
        if _SEPARATOR.match(line):
            yield first, number - 1
            first = number + 1
    yield first, number
