"""Loading again and again: of texts that changed only the documents that changed are read.

Ten thousand manifests take seconds to read, and an edit changes one of them. Documents of YAML say nothing of each
other and begin at a line of dashes, so a document whose text and first line are as before gives the same objects, the
very same ones: who comes next can tell by identity what is new.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, TypeVar

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.documents import Document, documents, parts_of_text, too_many
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.istio.faults import MOST_IN_A_SOURCE, Faults
from unstale.istio.kinds import Objects
from unstale.istio.manifests import Manifests
from unstale.istio.resource import Resource, kind_of
from unstale.istio.schema import NEWEST, release_number
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.sidecar import Sidecar
from unstale.istio.source import Source
from unstale.istio.validation.envoy_filter import ValueCheck
from unstale.istio.validation.rules import validate
from unstale.istio.virtual_service import VirtualService
from unstale.istio.workload import WorkloadEntryResource
from unstale.model.errors import ManifestError
from unstale.model.problem import Problem, Severity

Kind = TypeVar("Kind", bound=Resource)

_BYTE_ORDER_MARK = "\ufeff"
_OTHER_BREAKS = ("\r", "\x85", "\u2028", "\u2029")
"""What YAML counts as the end of a line beside the usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """All manifests, and which objects came and went since the load before, if that is known (`is_change`)."""

    manifests: Manifests
    added: tuple[Resource, ...] = ()
    removed: tuple[Resource, ...] = ()
    is_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What one document holds; `line` is where it begins in its text, from 0."""

    line: int
    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """One source and all that it holds; `unread` are problems that belong to no document."""

    source: Source
    reads: tuple[_Read, ...]
    unread: tuple[Problem, ...] = ()
    resources: tuple[Resource, ...] = field(init=False)
    problems: tuple[Problem, ...] = field(init=False)
    skipped: Counter[str] = field(init=False)
    kinds: dict[type[Any], list[Any]] = field(init=False)

    def __post_init__(self) -> None:
        resources = tuple(resource for read in self.reads for resource in read.resources)
        problems = tuple(problem for read in self.reads for problem in read.problems)
        skipped: Counter[str] = Counter()
        for read in self.reads:
            if read.skipped:
                skipped.update(read.skipped)
        kinds: dict[type[Any], list[Any]] = {}
        for resource in resources:
            kinds.setdefault(type(resource), []).append(resource)
        object.__setattr__(self, "resources", resources)
        object.__setattr__(self, "problems", self.unread + problems)
        object.__setattr__(self, "skipped", skipped)
        object.__setattr__(self, "kinds", kinds)

    @property
    def has_errors(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def by_part(self) -> dict[tuple[int, str], tuple[_Read, ...]]:
        """The documents by the line and the text of the part that they stand in."""
        parts = list(parts_of_text(self.source.text))
        lines = [line for line, _ in parts]
        found: dict[tuple[int, str], tuple[_Read, ...]] = dict.fromkeys(parts, ())
        for read in self.reads:
            found[parts[bisect_right(lines, read.line) - 1]] += (read,)
        return found


class Loader:
    """Reads as an Istio release (1.24 to 1.32) would; remembers what it read last without an error.

    Raises InputError for an unknown release. Values of EnvoyFilter patches are judged by `check_value`, if given.
    """

    def __init__(self, *, istio: str = NEWEST, check_value: ValueCheck | None = None) -> None:
        self._istio = istio
        self._release = release_number(istio)
        self._check_value = check_value
        self._texts: dict[str, _Text] = {}
        self._names: dict[tuple[str, str, str], Resource] = {}

    def load(self, sources: Iterable[Source]) -> Loaded:
        """Everything that the sources hold.

        Raises ManifestError with all problems that are errors, in the order of the sources and lines. What was
        loaded before stays what the next load is compared with.
        """
        texts = [self._text(source) for source in sources]
        after = {text.source.name: text for text in texts}
        if any(text.has_errors for text in texts) or len(after) < len(texts):
            every = [problem for text in texts for problem in text.problems if problem.severity is Severity.ERROR]
            errors = [*every, *_written_twice(texts)]
            if errors:
                raise ManifestError(_in_order(errors))
            self._texts, self._names = {}, {}
            return Loaded(manifests=_manifests(texts))
        gone = [text for name, text in self._texts.items() if after.get(name) is not text]
        come = [text for text in texts if self._texts.get(text.source.name) is not text]
        added, removed = _difference(come, gone)
        if not self._are_renamed(added, removed):
            raise ManifestError(_in_order(list(_written_twice(texts))))
        is_change, self._texts = bool(self._texts), after
        return Loaded(manifests=_manifests(texts), added=added, removed=removed, is_change=is_change)

    def _are_renamed(self, added: Iterable[Resource], removed: Iterable[Resource]) -> bool:
        """Keep account of the names; False, and nothing done, where two objects would have the same one."""
        free = {_key(resource) for resource in removed}
        names: dict[tuple[str, str, str], Resource] = {}
        for resource in added:
            key = _key(resource)
            if key[2] and (key in names or (key in self._names and key not in free)):
                return False
            names[key] = resource
        for key in free:
            self._names.pop(key, None)
        self._names.update(names)
        return True

    def _text(self, source: Source) -> _Text:
        known = self._texts.get(source.name)
        if known is None:
            return self._whole(source)
        return known if known.source.text == source.text else self._changed(known, source)

    def _whole(self, source: Source) -> _Text:
        faults = Faults()
        reads = []
        for document in documents(source, faults.problems):
            reads.append(self._document(document, faults))
            if len(faults.problems) > MOST_IN_A_SOURCE:
                faults.problems.append(too_many(document))
                break
        told = {problem for read in reads for problem in read.problems}
        unread = tuple(problem for problem in faults.problems if problem not in told)
        return _Text(source=source, reads=tuple(reads), unread=unread)

    def _changed(self, known: _Text, source: Source) -> _Text:
        """Only where every part for itself is without an error; which errors there are is said of the whole text."""
        for text in (known.source.text, source.text):
            if text.startswith((_BYTE_ORDER_MARK, "%")) or "\n%" in text or any(one in text for one in _OTHER_BREAKS):
                return self._whole(source)
        before = known.by_part()
        reads: list[_Read] = []
        for line, part in parts_of_text(source.text):
            found = before.get((line, part))
            reads.extend(self._part(source.name, line, part) if found is None else found)
        made = _Text(source=source, reads=tuple(reads))
        return self._whole(source) if made.has_errors or len(made.problems) > MOST_IN_A_SOURCE else made

    def _part(self, name: str, line: int, part: str) -> Iterator[_Read]:
        faults = Faults()
        for document in documents(Source(name=name, text=part), faults.problems):
            yield self._document(replace(document, first_line=document.first_line + line), faults)
        if faults.errors:
            yield _Read(line=line, resources=(), problems=tuple(faults.errors), skipped={})

    def _document(self, document: Document, faults: Faults) -> _Read:
        told = len(faults.problems)
        faults.begin_document()
        objects = Objects(istio=self._istio, faults=faults)
        resources = []
        for read in objects.read(document):
            if read.resource is not None:
                validate(read.resource, faults, self._release, self._check_value)
                resources.append(read.resource)
        mark = document.root.start_mark if document.root is not None else None
        return _Read(
            line=document.first_line + (mark.line if mark is not None else 0),
            resources=tuple(resources),
            problems=tuple(faults.problems[told:]),
            skipped=objects.skipped,
        )


def _difference(come: Iterable[_Text], gone: Iterable[_Text]) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
    """What is in the one and not in the other, by identity."""
    before = {id(resource): resource for resource in _resources(gone)}
    after = {id(resource): resource for resource in _resources(come)}
    added = tuple(resource for key, resource in after.items() if key not in before)
    return added, tuple(resource for key, resource in before.items() if key not in after)


def _resources(texts: Iterable[_Text]) -> Iterator[Resource]:
    return (resource for text in texts for resource in text.resources)


def _manifests(texts: Sequence[_Text]) -> Manifests:
    skipped: Counter[str] = Counter()
    for text in texts:
        skipped.update(text.skipped)
    return Manifests(
        service_entries=_of(ServiceEntry, texts),
        virtual_services=_of(VirtualService, texts),
        destination_rules=_of(DestinationRule, texts),
        sidecars=_of(Sidecar, texts),
        envoy_filters=_of(EnvoyFilter, texts),
        workload_entries=_of(WorkloadEntryResource, texts),
        skipped=dict(skipped),
        warnings=tuple(_in_order([problem for text in texts for problem in text.problems])),
    )


def _of(kind: type[Kind], texts: Iterable[_Text]) -> tuple[Kind, ...]:
    found: chain[Any] = chain.from_iterable(text.kinds.get(kind, ()) for text in texts)
    return tuple(found)


def _key(resource: Resource) -> tuple[str, str, str]:
    return (kind_of(resource), resource.metadata.namespace, resource.metadata.name)


def _named(texts: Iterable[_Text]) -> Iterator[tuple[tuple[str, str, str], Resource]]:
    return ((_key(resource), resource) for resource in _resources(texts))


def _written_twice(texts: Iterable[_Text]) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], Resource] = {}
    for key, resource in _named(texts):
        first = seen.setdefault(key, resource)
        if first is not resource and key[2]:
            yield Problem(
                origin=resource.origin,
                what=f"{key[0]} {key[1]}/{key[2]} is written a second time",
                allowed=f"The first is at {first.origin}: keep one of them.",
            )


def _in_order(problems: list[Problem]) -> list[Problem]:
    files = {problem.origin.file: 0 for problem in problems}
    places = {file: number for number, file in enumerate(files)}
    return sorted(problems, key=lambda p: (places[p.origin.file], p.origin.line, p.origin.column))
