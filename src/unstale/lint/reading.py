"""Texts to what the rules look at; unlike `load` it goes on where Istio would refuse an object.

A pitfall in one file shall be told although another file is broken, and some pitfalls are just what Istio refuses. An
object whose fields could not all be read is told as refused and hidden from the other rules, which would judge what
was not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from yaml.nodes import MappingNode, Node

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.documents import Document, documents
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.istio.faults import Faults
from unstale.istio.kinds import Objects
from unstale.istio.manifests import Manifests
from unstale.istio.resource import Resource
from unstale.istio.schema import NEWEST, release_number
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.sidecar import Sidecar
from unstale.istio.source import Source
from unstale.istio.validation.envoy_filter import ValueCheck
from unstale.istio.validation.rules import validate
from unstale.istio.virtual_service import VirtualService
from unstale.istio.workload import WorkloadEntryResource
from unstale.lint.surroundings import Neighbour, Surroundings, Tree, neighbour
from unstale.model.problem import Problem, Severity

_PLACEHOLDER = re.compile(r"\$[({]?[A-Za-z_]|_PLACEHOLDER|\{\{|label \"[A-Z0-9]+(_[A-Z0-9]+)+\"")
"""What a tool puts a value in place of, before Istio sees it; also in what is said of such a host."""
_CHART = re.compile(r"\{\{-?\s*[.$\w]")
"""Helm's templates; some of them are YAML by chance, of other values than will be there."""
_OVERLAYS = ("kustomization.yaml", "kustomization.yml")
_VERSION = "apiVersion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`manifests.warnings` has what Istio would say, errors too.

    `templates` are files that are no YAML yet, `no_objects` counts texts that are about something else.
    """

    manifests: Manifests
    surroundings: Surroundings
    templates: tuple[str, ...] = ()
    no_objects: int = 0


@dataclass(slots=True, kw_only=True)
class _Reader:
    objects: Objects
    faults: Faults
    release: int
    check_value: ValueCheck | None
    resources: list[Resource] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    neighbours: dict[str, list[Neighbour]] = field(default_factory=dict)
    templates: list[str] = field(default_factory=list)
    unread_hosts: set[str] = field(default_factory=set)
    no_objects: int = 0
    is_unfinished: bool = False

    def source(self, source: Source) -> None:
        unreadable: list[Problem] = []
        self.is_unfinished = self.is_unfinished or source.name.endswith(_OVERLAYS)
        begun = len(self.problems)
        for document in documents(source, unreadable):
            root = document.root
            if document.is_empty or root is None:
                continue
            if not _is_object(root):
                self.no_objects += 1
                continue
            self.document(document)
        told = self.problems[begun:]
        if told and _CHART.search(source.text):
            kept: list[Problem] = []
        else:
            kept = [problem for problem in told if not _PLACEHOLDER.search(problem.what)]
        if len(kept) < len(told):
            self.problems[begun:] = kept
            self.templates.append(source.name)
        if unreadable and _PLACEHOLDER.search(source.text):
            self.templates.append(source.name)
        elif unreadable and _VERSION not in source.text:
            self.no_objects += 1
        else:
            self.problems.extend(unreadable)

    def document(self, document: Document) -> None:
        faults = self.faults
        faults.begin_document()
        for read in self.objects.read(document):
            broken = any(problem.severity is Severity.ERROR for problem in faults.problems)
            if read.resource is not None:
                if not broken:
                    self.resources.append(read.resource)
                elif isinstance(read.resource, ServiceEntry):
                    self.unread_hosts.update(host.lower() for host in read.resource.hosts)
                validate(read.resource, faults, self.release, self.check_value)
                if isinstance(read.resource, EnvoyFilter):
                    _forget_commonplace(read.resource, faults)
            self.problems.extend(faults.problems)
            faults.problems.clear()
        self.problems.extend(faults.problems)
        faults.problems.clear()
        for node in _nodes(document.root):
            found = neighbour(document, node)
            if found is not None:
                self.neighbours.setdefault(found.kind, []).append(found)


def read(sources: Iterable[Source], *, istio: str = NEWEST, check_value: ValueCheck | None = None) -> Reading:
    """All objects that can be read, as an Istio release (1.24 to 1.32) knows them; InputError for another release."""
    faults = Faults()
    reader = _Reader(
        objects=Objects(istio=istio, faults=faults),
        faults=faults,
        release=release_number(istio),
        check_value=check_value,
    )
    for source in sources:
        reader.source(source)
    resources = reader.resources
    return Reading(
        manifests=Manifests(
            service_entries=tuple(r for r in resources if isinstance(r, ServiceEntry)),
            virtual_services=tuple(r for r in resources if isinstance(r, VirtualService)),
            destination_rules=tuple(r for r in resources if isinstance(r, DestinationRule)),
            sidecars=tuple(r for r in resources if isinstance(r, Sidecar)),
            envoy_filters=tuple(r for r in resources if isinstance(r, EnvoyFilter)),
            workload_entries=tuple(r for r in resources if isinstance(r, WorkloadEntryResource)),
            skipped=dict(reader.objects.skipped),
            warnings=tuple(reader.problems),
        ),
        surroundings=Surroundings(
            objects={kind: tuple(found) for kind, found in reader.neighbours.items()},
            unread_hosts=frozenset(reader.unread_hosts),
            is_unfinished=reader.is_unfinished,
        ),
        templates=tuple(dict.fromkeys(reader.templates)),
        no_objects=reader.no_objects,
    )


def _forget_commonplace(one: EnvoyFilter, faults: Faults) -> None:
    """Istio warns of every EnvoyFilter as such; that says nothing about this one."""
    faults.problems[:] = [
        problem for problem in faults.problems if problem.severity is Severity.ERROR or problem.origin != one.origin
    ]


def _is_object(root: Node) -> bool:
    """Values of a chart or settings of a tool stand beside manifests; they name neither kind nor version."""
    names = [key.value for key, _ in root.value] if isinstance(root, MappingNode) else []
    return "kind" in names and "apiVersion" in names


def _nodes(root: Node | None) -> Iterator[Node]:
    """The object, or the items of a list of objects."""
    if not isinstance(root, MappingNode):
        return
    fields = {key.value: value for key, value in root.value if isinstance(key.value, str)}
    items = fields.get("items")
    if str(getattr(fields.get("kind"), "value", "")).endswith("List") and items is not None:
        for item in items.value if isinstance(items.value, list) else ():
            yield from _nodes(item if isinstance(item, Node) else None)
        return
    yield root


def mesh_tree(source: Source) -> Tree | None:
    """The settings of the mesh as they are written, for those that shape no proxy's traffic; None for an empty file."""
    for document in documents(source, []):
        if document.is_empty:
            continue
        tree = Tree(document, document.root)
        kind = tree.find("kind").text
        if kind == "ConfigMap":
            inner = tree.find("data", "mesh")
            return mesh_tree(Source(name=source.name, text="\n" * inner.origin.line + inner.text))
        return tree.find("spec", "meshConfig") if kind == "IstioOperator" else tree.find("meshConfig") or tree
    return None
