"""Which objects of a document are Istio's, and reading those.

A document holds one object, or a list of objects (`kind: List` and any `...List` with `items`). Only the kinds that
shape a sidecar's outbound path are read; others are counted, so that nothing vanishes unnoticed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import cast

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from unstale.istio.composers import PLAIN
from unstale.istio.documents import Document
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.istio.faults import Faults
from unstale.istio.metadata import Metadata
from unstale.istio.reader import Reader
from unstale.istio.resource import CLASSES, Resource
from unstale.istio.scalars import resolve
from unstale.istio.service_entry import ServiceEntry, WorkloadEntry
from unstale.istio.shapes import metadata_shape, spec_shape
from unstale.istio.status import addresses_in, conditions_in
from unstale.istio.values import is_sure_text
from unstale.istio.wording import guess, shown
from unstale.istio.workload import WorkloadEntryResource
from unstale.model.origin import Origin

GROUP = "networking.istio.io"
VERSIONS = ("v1", "v1beta1", "v1alpha3")
_SERVED = {
    kind: tuple(f"{GROUP}/{number}" for number in (VERSIONS[-1:] if kind == "EnvoyFilter" else VERSIONS))
    for kind in CLASSES
}
_UNREAD_KINDS = ("Gateway", "WorkloadGroup", "ProxyConfig")
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DEEPEST_LIST = 8

Top = dict[str, tuple[Node, Node]]
"""Key and value of each field of an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One object as it was found; `resource` is None where it is of another kind (`is_skipped`) or unreadable.

    `kind`, `namespace` and `name` are None where they could not be read.
    """

    origin: Origin
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    resource: Resource | None = None
    is_skipped: bool = False


@dataclass(slots=True, kw_only=True)
class Objects:
    """Reads the objects of documents; counts those of other kinds in `skipped`.

    What is wrong with an object is told before the object is given out, so that both can be put together.
    """

    istio: str
    faults: Faults
    skipped: Counter[str] = field(default_factory=Counter)

    def read(self, document: Document) -> Iterator[Read]:
        """The objects of one document, list items each for themselves."""
        if document.root is None or document.is_empty:
            return
        reader = Reader(document, self.faults, self.istio)
        yield from self._object(reader, document.root, ("", ""), 0)

    def _object(self, reader: Reader, node: Node, default: tuple[str, str], depth: int) -> Iterator[Read]:
        origin = reader.origin(node)
        if not isinstance(node, MappingNode):
            noun = "a list" if isinstance(node, SequenceNode) else f"a single value ({shown(node.value)})"
            what = f"document is {noun}"
            self.faults.error(origin, what, "Write an object with apiVersion and kind.")
            yield Read(origin=origin)
            return
        top = self._top(reader, node)
        version = self._type(reader, node, top, "apiVersion", default[0])
        kind = self._type(reader, node, top, "kind", default[1])
        if not version or not kind:
            yield Read(origin=origin, kind=kind or None)
            return
        if kind.endswith("List") and "items" in top:
            yield from self._items(reader, top["items"][1], (version, kind.removesuffix("List")), depth)
        elif self._is_ours(reader, top, version, kind, node):
            yield self._resource(reader, node, top, kind)
        else:
            yield Read(origin=origin, kind=kind, is_skipped=True)

    def _top(self, reader: Reader, node: MappingNode) -> Top:
        top: Top = {}
        for key_node, value in reader.entries(node):
            key = reader.key(key_node, "the object")
            if key is None:
                continue
            if key in top:
                first = reader.origin(top[key][0]).line
                self.faults.error(
                    reader.origin(key_node),
                    f"a second {shown(key)}",
                    f"The first is in line {first}: keep one of them.",
                )
                continue
            top[key] = (key_node, value)
        return top

    def _type(self, reader: Reader, node: Node, top: Top, name: str, default: str) -> str:
        if name not in top:
            if not default:
                what = f"{name} is missing"
                self.faults.error(reader.origin(node), what, "Every object needs apiVersion and kind.")
            return default
        value = top[name][1]
        if isinstance(value, ScalarNode) and value.value:
            if is_sure_text(value):
                return str(value.value)
            text = resolve(value.value) if value.tag == PLAIN else value.value
            if isinstance(text, str):
                return text
        written = f" ({shown(value.value)})" if isinstance(value, ScalarNode) else ""
        self.faults.error(reader.origin(value), f"{name} is not a text{written}", "Write a name.")
        return ""

    def _items(self, reader: Reader, node: Node, default: tuple[str, str], depth: int) -> Iterator[Read]:
        if not isinstance(node, SequenceNode):
            if not (isinstance(node, ScalarNode) and node.tag == PLAIN and resolve(node.value) is None):
                self.faults.error(reader.origin(node), "items is not a list", "Write a list of objects.")
            return
        if depth == _DEEPEST_LIST:
            what = f"lists are nested more than {_DEEPEST_LIST} deep"
            self.faults.error(reader.origin(node), what, "Write the objects into one list.")
            return
        inherited = default if default[1] else ("", "")
        for item in node.value:
            yield from self._object(reader, item, inherited, depth + 1)

    def _is_ours(self, reader: Reader, top: Top, version: str, kind: str, node: Node) -> bool:
        if version in _SERVED.get(kind, ()):
            return True
        group = (f"{GROUP}/" if version == GROUP else version).rpartition("/")[0]
        place = reader.origin(top["apiVersion"][1] if "apiVersion" in top else node)
        if group == GROUP and kind not in CLASSES and kind not in _UNREAD_KINDS:
            known = (*CLASSES, *_UNREAD_KINDS)
            place = reader.origin(top["kind"][1] if "kind" in top else node)
            self.faults.error(place, f"{GROUP} has no such kind ({shown(kind)})", guess(kind, known))
            return False
        if kind not in CLASSES or group != GROUP:
            if kind in CLASSES and "istio" in version:
                allowed = f"Istio's {kind} is {GROUP}/{VERSIONS[0]}."
                self.faults.warn(place, f"{kind} of another API group is skipped ({shown(version)})", allowed)
            self.skipped[kind] += 1
            return False
        allowed = f"Allowed are {', '.join(_SERVED[kind])}."
        self.faults.error(place, f"apiVersion is not known ({shown(version)})", allowed)
        return False

    def _resource(self, reader: Reader, node: MappingNode, top: Top, kind: str) -> Read:
        for name, (key_node, _) in top.items():
            if name not in _TOP:
                what = f"unknown field in {kind} ({shown(name)})"
                self.faults.error(reader.origin(key_node), what, guess(name, _TOP))
        metadata = self._metadata(reader, node, top)
        return Read(
            origin=reader.origin(node),
            kind=kind,
            namespace=metadata.namespace if metadata else None,
            name=metadata.name if metadata else None,
            resource=self._typed(reader, node, top, kind, metadata or Metadata()),
        )

    def _typed(self, reader: Reader, node: MappingNode, top: Top, kind: str, metadata: Metadata) -> Resource | None:
        origin = reader.origin(node)
        spec = top["spec"][1] if "spec" in top else None
        status = top["status"][1] if "status" in top else None
        if spec is None and kind == "EnvoyFilter":
            return EnvoyFilter(metadata=metadata, origin=origin)
        if not isinstance(spec, MappingNode):
            place = node if spec is None else spec
            what = "spec is missing" if spec is None else "spec is not a map of fields"
            self.faults.error(reader.origin(place), what, f"{kind} needs a spec.")
            return None
        if kind == "WorkloadEntry":
            made = reader.message(spec, spec_shape(kind, self.istio))
            assert isinstance(made, WorkloadEntry)
            conditions = conditions_in(reader, status)
            return WorkloadEntryResource(metadata=metadata, origin=origin, spec=made, conditions=conditions)
        values, places, is_good = reader.fields(spec, spec_shape(kind, self.istio))
        make = cast("Callable[..., Resource]", CLASSES[kind])
        resource = make(metadata=metadata, origin=origin, places=places, **values)
        if isinstance(resource, ServiceEntry) and status is not None:
            resource = replace(resource, status_addresses=addresses_in(reader, status))
        if not is_good:
            self.faults.mark(resource)
        return resource

    def _metadata(self, reader: Reader, node: Node, top: Top) -> Metadata | None:
        if "metadata" not in top:
            self.faults.error(reader.origin(node), "metadata is missing", "Every object needs a name.")
            return None
        place = top["metadata"][1]
        metadata = reader.message(place, metadata_shape())
        if not isinstance(metadata, Metadata):
            return None
        stamp = metadata.creation_timestamp
        if stamp is not None and not _RFC3339.fullmatch(stamp):
            what = f"creationTimestamp is no time ({shown(stamp)})"
            self.faults.reject(metadata, "creation_timestamp", what, "Write 2024-05-17T08:30:00Z.")
        return metadata if metadata.namespace else replace(metadata, namespace=Metadata().namespace)
