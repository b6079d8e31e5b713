"""From YAML nodes to typed messages, with every fault told at its own line.

One walk does all that the schema asks: unknown and duplicate fields, types, enums, ranges, required and exclusive
fields, releases. Of a message with a fault the good fields are kept, so that the rules above the schema can still be
asked of the rest; the message itself is marked, lest one fault is told twice.
"""

from __future__ import annotations

from typing import Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from unstale.istio.composers import DEEPEST, PLAIN, QUOTED, TOO_DEEP
from unstale.istio.documents import Document
from unstale.istio.faults import Faults
from unstale.istio.message import COLUMN_BITS, COLUMN_MASK, Message
from unstale.istio.scalars import MAY_BE_NO_TEXT, resolve
from unstale.istio.shapes import Shape
from unstale.istio.values import WRONG, ScalarReader, is_sure_text
from unstale.istio.wording import guess, listed, shown
from unstale.model.origin import Origin

Places = dict[str, int]
Values = dict[str, object]
_NOUNS: Final = {"object": "a map of fields", "map": "a map", "array": "a list", "json": "a map"}


class Reader:
    """Reads the nodes of one document; what is wrong goes to `faults`."""

    def __init__(self, document: Document, faults: Faults, istio: str) -> None:
        self._file = document.file
        self._first_line = document.first_line + 1
        self._may_merge = document.may_merge
        self._faults = faults
        self._istio = istio
        self._scalars = ScalarReader(self._wrong, self._odd)

    def message(self, node: Node, shape: Shape) -> Message | None:
        """The message at `node`, None where no map stands there."""
        value = self._object(node, shape, {})
        return value if isinstance(value, Message) else None

    def fields(self, node: MappingNode, shape: Shape) -> tuple[Values, Places, bool]:
        """The good fields of a map by attribute, their places, and whether all fields were good."""
        values: Values = {}
        places: Places = {}
        good = True
        known, first_line = shape.fields, self._first_line
        for key, value_node in self.entries(node) if self._may_merge else node.value:
            child = known.get(key.value) if type(key) is ScalarNode else None
            if child is None:
                good = self._unknown(key, shape)
                continue
            attribute = child.attribute
            if attribute in places:
                good = self._duplicate(key, places[attribute])
                continue
            mark = value_node.start_mark
            places[attribute] = mark.line + first_line << COLUMN_BITS | mark.column + 1
            if child.is_text and type(value_node) is ScalarNode:
                text, tag = value_node.value, value_node.tag
                if tag == QUOTED or (tag == PLAIN and text and text[0] not in MAY_BE_NO_TEXT):
                    values[attribute] = text
                    continue
            value = self._value(value_node, child, places)
            if value is WRONG:
                good = False
            elif value is not None:
                values[attribute] = value
        if not shape.needs <= places.keys() or shape.schema.one_of:
            good = self._is_whole(node, shape, places) and good
        return values, places, good

    def entries(self, node: MappingNode) -> list[tuple[Node, Node]]:
        """The entries of a map, those of merge keys (`<<`) behind its own."""
        pairs: list[tuple[Node, Node]] = node.value
        if not self._may_merge or not any(_is_merge(key) for key, _ in pairs):
            return pairs
        own = [pair for pair in pairs if not _is_merge(pair[0])]
        names = {str(key.value) for key, _ in own}
        for key, value in pairs:
            if not _is_merge(key):
                continue
            for merged in value.value if isinstance(value, SequenceNode) else [value]:
                if not isinstance(merged, MappingNode):
                    self._wrong(merged, "merge key << does not name a map", "Give it an alias of a map.")
                    continue
                added = [pair for pair in self.entries(merged) if str(pair[0].value) not in names]
                own.extend(added)
                names.update(str(pair[0].value) for pair in added)
        return own

    def origin(self, node: Node) -> Origin:
        """Where a node starts."""
        mark = node.start_mark
        return Origin(file=self._file, line=mark.line + self._first_line, column=mark.column + 1)

    def key(self, node: Node, where: str) -> str | None:
        """The text of a key, None where it is no text."""
        if not isinstance(node, ScalarNode):
            self._wrong(node, f"key in {where} is {_kind(node)}", "Keys are texts.")
            return None
        if is_sure_text(node):
            return str(node.value)
        value = resolve(node.value) if node.tag == PLAIN else node.value
        if isinstance(value, str):
            return value
        what = f"key in {where} is read as {shown(value)} ({shown(node.value)})"
        self._wrong(node, what, f'Put it in quotes: "{shown(node.value)}".')
        return None

    def _value(self, node: Node, shape: Shape, places: Places) -> object:
        schema = shape.schema
        if schema.nullable and _is_null(node):
            return None
        match schema.type:
            case "object":
                return self._object(node, shape, places)
            case "array":
                return self._array(node, shape, places)
            case "map":
                return self._map(node, shape, places)
            case "json":
                return self._json(node, shape, places)
            case "any":
                return None
        return self._scalars.read(node, shape)

    def _object(self, node: Node, shape: Shape, places: Places) -> object:
        if not isinstance(node, MappingNode):
            return self._no_collection(node, shape)
        values, inner_places, good = self.fields(node, shape)
        if shape.message is None:
            places.update(inner_places)
            return values.get(shape.attribute, 0) if good else WRONG
        made = shape.message(origin=self.origin(node), places=inner_places, **values)
        if not good:
            self._faults.mark(made)
        return made

    def _array(self, node: Node, shape: Shape, places: Places) -> object:
        entry = shape.entry
        if not isinstance(node, SequenceNode) or entry is None:
            return self._no_collection(node, shape)
        size = len(node.value)
        if not self._fits(node, shape, size, "items"):
            return WRONG
        if entry.schema.type == "object":
            items = [self._value(child, entry, places) for child in node.value]
        else:
            items = []
            for index, child in enumerate(node.value):
                places[f"{shape.attribute}[{index}]"] = self._place(child)
                is_sure = entry.is_text and type(child) is ScalarNode and is_sure_text(child)
                items.append(child.value if is_sure else self._value(child, entry, places))
        return WRONG if any(item is WRONG for item in items) else tuple(items)

    def _map(self, node: Node, shape: Shape, places: Places) -> object:
        entry = shape.entry
        if not isinstance(node, MappingNode) or entry is None:
            return self._no_collection(node, shape)
        result: Values = {}
        good = shape.schema.most is None or self._fits(node, shape, len(node.value), "entries")
        for key_node, value_node in self.entries(node):
            key = self.key(key_node, shape.schema.name)
            if key is None:
                good = False
                continue
            place = f"{shape.attribute}{{{key}}}"
            if place in places:
                good = self._duplicate(key_node, places[place])
                continue
            places[place] = self._place(value_node)
            result[key] = self._value(value_node, entry, places)
            good = good and result[key] is not WRONG
        return result if good else WRONG

    def _json(self, node: Node, shape: Shape, places: Places) -> object:
        if not isinstance(node, MappingNode):
            return self._no_collection(node, shape)
        return self._json_value(node, shape.attribute, places, 1)

    def _json_value(self, node: Node, path: str, places: Places, depth: int) -> object:
        """Any value, the place of each one inside by its path: `value.filters[0].name`."""
        places[path] = self._place(node)
        if depth > DEEPEST:
            return self._wrong(node, f"value {TOO_DEEP}", "Write it flatter.")
        if isinstance(node, SequenceNode):
            items = [self._json_value(item, f"{path}[{at}]", places, depth + 1) for at, item in enumerate(node.value)]
            return WRONG if any(item is WRONG for item in items) else items
        if not isinstance(node, MappingNode):
            return self._scalars.read_any(node)
        result: Values = {}
        good = True
        for key_node, value_node in self.entries(node):
            key = self.key(key_node, path)
            if key is None:
                good = False
            elif key in result:
                good = self._duplicate(key_node, places[f"{path}.{key}"])
            else:
                result[key] = self._json_value(value_node, f"{path}.{key}", places, depth + 1)
                good = good and result[key] is not WRONG
        return result if good else WRONG

    def _is_whole(self, node: MappingNode, shape: Shape, places: Places) -> bool:
        whole = True
        for name in shape.schema.required:
            if shape.fields[name].attribute not in places:
                self._wrong(node, f"{name} is missing", f"{_in(shape)} needs {name}.")
                whole = False
        for group in shape.schema.one_of:
            present = [name for name in group if name in shape.fields and shape.fields[name].attribute in places]
            if len(present) > 1:
                second = places[shape.fields[present[1]].attribute]
                origin = Origin(file=self._file, line=second >> COLUMN_BITS, column=second & COLUMN_MASK)
                what = f"{listed(present).replace(' or ', ' and ')} exclude each other"
                self._faults.error(origin, what, f"Keep one of {listed(name for name in group)}.")
                whole = False
        return whole

    def _fits(self, node: Node, shape: Shape, size: int, unit: str) -> bool:
        fewest, most = shape.schema.fewest, shape.schema.most
        if size >= fewest and (most is None or size <= most):
            return True
        allowed = f"At least {fewest}." if most is None else f"{fewest} to {most} are allowed."
        self._wrong(node, f"{shape.schema.name} has {size} {unit}", allowed)
        return False

    def _no_collection(self, node: Node, shape: Shape) -> object:
        noun = _NOUNS[shape.schema.type]
        what = f"{shape.schema.name} is {_kind(node)}"
        if isinstance(node, ScalarNode) and not _is_null(node):
            what += f" ({shown(node.value)})"
        advice = f"Write {noun}" + (", or leave the field out." if _is_null(node) else " here.")
        return self._wrong(node, what, advice)

    def _unknown(self, key: Node, shape: Shape) -> bool:
        name = self.key(key, shape.schema.name or "spec")
        if name is None:
            return False
        since = shape.schema.newer.get(name)
        if since is not None:
            what = f"{name} is known since Istio {since} only (release {self._istio})"
            self._wrong(key, what, f"Leave it out, or use Istio {since} or newer.")
        else:
            what = f"unknown field in {shape.schema.name or 'spec'} ({shown(name)})"
            self._wrong(key, what, "" if self._faults.is_full else guess(name, shape.fields))
        return False

    def _place(self, node: Node) -> int:
        mark = node.start_mark
        return mark.line + self._first_line << COLUMN_BITS | mark.column + 1

    def _duplicate(self, key: Node, first: int) -> bool:
        self._wrong(
            key, f"a second {shown(key.value)}", f"The first is in line {first >> COLUMN_BITS}: keep one of them."
        )
        return False

    def _odd(self, node: Node, what: str, allowed: str) -> None:
        self._faults.warn(self.origin(node), what, allowed)

    def _wrong(self, node: Node, what: str, allowed: str) -> object:
        self._faults.error(self.origin(node), what, allowed)
        return WRONG


def _is_merge(key: Node) -> bool:
    return key.value == "<<" and key.tag == PLAIN


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == PLAIN and resolve(node.value) is None


def _kind(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return "empty (null)" if _is_null(node) else "a single value"
    return "a map" if isinstance(node, MappingNode) else "a list"


def _in(shape: Shape) -> str:
    return shape.schema.name[:1].upper() + shape.schema.name[1:] if shape.schema.name else "The spec"
