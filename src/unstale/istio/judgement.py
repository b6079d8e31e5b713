"""What Istio would say to each object: accepted, accepted with a warning, or rejected.

Loading asks whether everything together can be used; here each object is judged for itself, as the API server and
Istio's webhook see them, so that a broken one says nothing about its neighbours, and writing one twice is an update.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from unstale.istio.documents import Document, documents, too_many
from unstale.istio.faults import MOST_IN_A_SOURCE, Faults
from unstale.istio.kinds import Objects, Read
from unstale.istio.schema import NEWEST, release_number
from unstale.istio.source import Source
from unstale.istio.validation.envoy_filter import ValueCheck
from unstale.istio.validation.rules import validate
from unstale.model.problem import Problem, Severity


class Verdict(StrEnum):
    """What becomes of an object."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One object, or a document that is none; `document` counts those of its file that are not empty, from 1.

    `kind`, `namespace` and `name` are None where they could not be read; `problems` are in the order of their places.
    """

    file: str
    document: int
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """By the worst of the problems."""
        if any(problem.severity is Severity.ERROR for problem in self.problems):
            return Verdict.REJECTED
        return Verdict.WARNED if self.problems else Verdict.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """All objects of Istio's networking API in the order of the texts; `skipped` counts the others by kind."""

    objects: tuple[Judgement, ...]
    skipped: dict[str, int]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many objects got each verdict."""
        found = Counter(judgement.verdict for judgement in self.objects)
        return {verdict: found[verdict] for verdict in Verdict}


def judge(sources: Iterable[Source], *, istio: str = NEWEST, check_value: ValueCheck | None = None) -> Judgements:
    """Judge all objects as an Istio release (1.24 to 1.32) would; InputError for an unknown release.

    Values of EnvoyFilter patches are judged by `check_value`, if given.
    """
    court = _Court(istio=istio, release=release_number(istio), check_value=check_value)
    objects = tuple(judgement for source in sources for judgement in court.judge(source))
    return Judgements(objects=objects, skipped=dict(court.skipped))


@dataclass(slots=True, kw_only=True)
class _Court:
    istio: str
    release: int
    check_value: ValueCheck | None
    skipped: Counter[str] = field(default_factory=Counter)

    def judge(self, source: Source) -> Iterator[Judgement]:
        unreadable: list[Problem] = []
        number, told = 0, 0
        for document in documents(source, unreadable):
            for problem in unreadable:
                number += 1
                yield Judgement(file=source.name, document=number, problems=(problem,))
            unreadable.clear()
            if not document.is_empty:
                number += 1
                for judgement in self._document(source.name, number, document):
                    told += len(judgement.problems)
                    yield judgement
            if told > MOST_IN_A_SOURCE:
                unreadable.append(too_many(document))
                break
        for at, problem in enumerate(unreadable, start=number + 1):
            yield Judgement(file=source.name, document=at, problems=(problem,))

    def _document(self, file: str, number: int, document: Document) -> Iterator[Judgement]:
        faults = Faults()
        told = 0
        objects = Objects(istio=self.istio, faults=faults)
        for read in objects.read(document):
            if read.resource is not None:
                validate(read.resource, faults, self.release, self.check_value)
            problems = faults.problems[told:]
            told = len(faults.problems)
            if problems or not read.is_skipped:
                yield _judgement(file, number, read, problems)
        if told < len(faults.problems):
            yield Judgement(file=file, document=number, problems=tuple(faults.problems[told:]))
        self.skipped.update(objects.skipped)


def _judgement(file: str, number: int, read: Read, problems: list[Problem]) -> Judgement:
    return Judgement(
        file=file,
        document=number,
        kind=read.kind,
        namespace=read.namespace,
        name=read.name,
        problems=tuple(sorted(problems, key=lambda problem: (problem.origin.line, problem.origin.column))),
    )
