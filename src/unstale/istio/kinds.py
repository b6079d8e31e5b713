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

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.documents import PLAIN, Document
from unstale.istio.faults import Faults
from unstale.istio.metadata import Metadata
from unstale.istio.reader import Reader
from unstale.istio.scalars import resolve
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.shapes import CLASSES, metadata_shape, spec_shape
from unstale.istio.virtual_service import VirtualService
from unstale.istio.wording import guess, shown

Resource = ServiceEntry | VirtualService | DestinationRule
GROUP = "networking.istio.io"
VERSIONS = ("v1", "v1beta1", "v1alpha3")
_UNREAD_KINDS = ("Gateway", "Sidecar", "EnvoyFilter", "WorkloadEntry", "WorkloadGroup", "ProxyConfig")
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DEEPEST_LIST = 8


@dataclass(slots=True, kw_only=True)
class Objects:
    """Reads the objects of documents; counts those of other kinds in `skipped`."""

    istio: str
    faults: Faults
    skipped: Counter[str] = field(default_factory=Counter)

    def read(self, document: Document) -> Iterator[Resource]:
        """The resources of one document, list items each for themselves."""
        root = document.root
        if root is None or (isinstance(root, ScalarNode) and root.tag == PLAIN and resolve(root.value) is None):
            return
        reader = Reader(document, self.faults, self.istio)
        yield from self._object(reader, root, ("", ""), 0)

    def _object(self, reader: Reader, node: Node, default: tuple[str, str], depth: int) -> Iterator[Resource]:
        if not isinstance(node, MappingNode):
            noun = "a list" if isinstance(node, SequenceNode) else f"a single value ({shown(node.value)})"
            what = f"document is {noun}"
            self.faults.error(reader.origin(node), what, "Write an object with apiVersion and kind.")
            return
        top = self._top(reader, node)
        version = self._type(reader, node, top, "apiVersion", default[0])
        kind = self._type(reader, node, top, "kind", default[1])
        if not version or not kind:
            return
        if kind.endswith("List") and "items" in top:
            yield from self._items(reader, top["items"][1], (version, kind.removesuffix("List")), depth)
        elif self._is_ours(reader, top, version, kind, node):
            yield from self._resource(reader, node, top, kind)

    def _top(self, reader: Reader, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        top: dict[str, tuple[Node, Node]] = {}
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

    def _type(self, reader: Reader, node: Node, top: dict[str, tuple[Node, Node]], name: str, default: str) -> str:
        if name not in top:
            if not default:
                what = f"{name} is missing"
                self.faults.error(reader.origin(node), what, "Every object needs apiVersion and kind.")
            return default
        value = top[name][1]
        if isinstance(value, ScalarNode) and value.value:
            text = resolve(value.value) if value.tag == PLAIN else value.value
            if isinstance(text, str):
                return text
        written = f" ({shown(value.value)})" if isinstance(value, ScalarNode) else ""
        self.faults.error(reader.origin(value), f"{name} is not a text{written}", "Write a name.")
        return ""

    def _items(self, reader: Reader, node: Node, default: tuple[str, str], depth: int) -> Iterator[Resource]:
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

    def _is_ours(self, reader: Reader, top: dict[str, tuple[Node, Node]], version: str, kind: str, node: Node) -> bool:
        group, _, number = (f"{GROUP}/" if version == GROUP else version).rpartition("/")
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
        if number not in VERSIONS:
            allowed = f"Allowed are {', '.join(f'{GROUP}/{allowed}' for allowed in VERSIONS)}."
            self.faults.error(place, f"apiVersion is not known ({shown(version)})", allowed)
            return False
        return True

    def _resource(
        self, reader: Reader, node: MappingNode, top: dict[str, tuple[Node, Node]], kind: str
    ) -> Iterator[Resource]:
        for name, (key_node, _) in top.items():
            if name not in _TOP:
                what = f"unknown field in {kind} ({shown(name)})"
                self.faults.error(reader.origin(key_node), what, guess(name, _TOP))
        metadata = self._metadata(reader, node, top)
        spec = top["spec"][1] if "spec" in top else None
        if not isinstance(spec, MappingNode):
            place = node if spec is None else spec
            what = "spec is missing" if spec is None else "spec is not a map of fields"
            self.faults.error(reader.origin(place), what, f"A {kind} needs a spec.")
            return
        values, places, is_good = reader.fields(spec, spec_shape(kind, self.istio))
        make = cast("Callable[..., Resource]", CLASSES[kind])
        resource = make(metadata=metadata, origin=reader.origin(node), places=places, **values)
        if not is_good:
            self.faults.mark(resource)
        yield resource

    def _metadata(self, reader: Reader, node: Node, top: dict[str, tuple[Node, Node]]) -> Metadata:
        if "metadata" not in top:
            self.faults.error(reader.origin(node), "metadata is missing", "Every object needs a name.")
            return Metadata()
        place = top["metadata"][1]
        metadata = reader.message(place, metadata_shape())
        if not isinstance(metadata, Metadata):
            return Metadata()
        stamp = metadata.creation_timestamp
        if stamp is not None and not _RFC3339.fullmatch(stamp):
            what = f"creationTimestamp is no time ({shown(stamp)})"
            self.faults.reject(metadata, "creation_timestamp", what, "Write 2024-05-17T08:30:00Z.")
        return metadata if metadata.namespace else replace(metadata, namespace=Metadata().namespace)
