"""All edits of one file: each object is found by where it stood, however the edits before moved it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from yaml.nodes import MappingNode, Node, SequenceNode

from unstale.istio.documents import parts_of_text
from unstale.istio.source import Source
from unstale.model.errors import ManifestError
from unstale.remedy.editing.edit import Addition, CannotEditError, Change, Edit, Path, Place
from unstale.remedy.editing.layout import Layout
from unstale.remedy.editing.sharing import with_own_value
from unstale.remedy.editing.splice import apply
from unstale.remedy.manifest import bare
from unstale.remedy.writing import yaml_text

_BYTE_ORDER_MARK = "\ufeff"
_MOST_COPIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """Where an object is: the part of the text, its document in the part, and its place in a List."""

    part: int
    document: int
    prefix: Path


def edited(source: Source, edits: Sequence[Edit], additions: Sequence[Addition] = ()) -> str:
    """The text after all edits, in their order, and with the additions behind it.

    Raises CannotEditError, naming the place, where one cannot be made.
    """
    mark = _BYTE_ORDER_MARK if source.text.startswith(_BYTE_ORDER_MARK) else ""
    parts = [text for _, text in parts_of_text(source.text.removeprefix(_BYTE_ORDER_MARK))]
    seats = _seats(source.name, parts) if edits else {}
    for edit in edits:
        seat = seats.get((edit.place.line, edit.place.column))
        if seat is None:
            raise CannotEditError(f"{edit.place.file}:{edit.place.line}:{edit.place.column}: no object begins there.")
        parts[seat.part] = _changed(source.name, parts[seat.part], seat, edit.change)
    return mark + with_additions("".join(parts), additions)


def place_of(file: str, line: int, column: int) -> Place:
    """The place of an object from where it was read."""
    return Place(file=file, line=line, column=column)


def with_additions(text: str, additions: Sequence[Addition]) -> str:
    """The text with the objects behind it, divided by dashes; into the items of a text that is JSON."""
    if not additions:
        return text
    if text.lstrip().startswith("{") and "---" not in text:
        for addition in additions:
            text = _into_json(text, addition)
        return text
    line_break = "\r\n" if "\r\n" in text else "\n"
    made = [yaml_text(addition.manifest).replace("\n", line_break) for addition in additions]
    whole = f"---{line_break}".join(made)
    if not text.strip():
        return text + whole
    end = "" if text.endswith("\n") else line_break
    return text + end + ("" if _ends_with_dashes(text) else f"---{line_break}") + whole


def _ends_with_dashes(text: str) -> bool:
    """The last line that is neither empty nor a comment divides documents."""
    rest = text.rstrip()
    while rest:
        begin = max(rest.rfind("\n"), rest.rfind("\r")) + 1
        if not rest[begin:].lstrip().startswith("#"):
            return rest[begin:].strip() == "---"
        rest = rest[:begin].rstrip()
    return False


def _into_json(text: str, addition: Addition) -> str:
    """JSON has no second document: one object becomes a List of both, a List gets one more item."""
    import json

    value = json.loads(text)
    items = value["items"] if str(value.get("kind", "")).endswith("List") else [value]
    layout = Layout(text, addition.file)
    if items is not value.get("items"):
        whole = {"apiVersion": "v1", "kind": "List", "items": [value, bare(addition.manifest)]}
        return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    from unstale.remedy.editing.edit import Insert

    return apply(layout, layout.roots[0], Insert(path=("items", len(items)), value=addition.manifest))


def _changed(file: str, text: str, seat: _Seat, change: Change) -> str:
    whole = replace(change, path=(*seat.prefix, *change.path))
    for _ in range(_MOST_COPIES):
        layout = Layout(text, file)
        root = layout.roots[seat.document]
        own = with_own_value(layout, root, whole.path)
        if own is None:
            return apply(layout, root, whole)
        text = own
    raise CannotEditError(f"{file}: one value is used in more than {_MOST_COPIES} places. Write it out by hand.")


def _seats(file: str, parts: Sequence[str]) -> dict[tuple[int, int], _Seat]:
    found: dict[tuple[int, int], _Seat] = {}
    first_line = 0
    for number, part in enumerate(parts):
        for document, root in enumerate(_roots(part, file)):
            for prefix, node in _objects(root, ()):
                line = first_line + node.start_mark.line + 1
                found[line, node.start_mark.column + 1] = _Seat(part=number, document=document, prefix=prefix)
        first_line += part.count("\n")
    return found


def _roots(part: str, file: str) -> list[Node]:
    """None of a part that cannot be read: no finding is about an object in it."""
    try:
        return Layout(part, file).roots
    except ManifestError:
        return []


def _objects(root: Node, prefix: Path) -> Iterator[tuple[Path, Node]]:
    if not isinstance(root, MappingNode):
        return
    fields = {str(key.value): value for key, value in root.value}
    items = fields.get("items")
    if str(getattr(fields.get("kind"), "value", "")).endswith("List") and isinstance(items, SequenceNode):
        for index, item in enumerate(items.value):
            yield from _objects(item, (*prefix, "items", index))
    else:
        yield prefix, root
