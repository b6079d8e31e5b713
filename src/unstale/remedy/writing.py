"""Values to YAML and JSON text, with the reasons as comments; the only door to ruamel.yaml."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from unstale.istio.documents import documents
from unstale.istio.scalars import resolve
from unstale.istio.source import Source
from unstale.remedy.editing.layout import plain_value
from unstale.remedy.manifest import Because, Manifest, Value, bare

_WIDTH = 4096
_SPACE = 2


def yaml_text(value: Value, *, dash_indent: int = 0) -> str:
    """One value in block style, ending in a line break; `dash_indent` is how far dashes stand inside of their key."""
    stream = io.StringIO()
    _yaml(dash_indent).dump(_commented(value), stream)
    return stream.getvalue().removesuffix("...\n")


def yaml_documents(manifests: Iterable[Manifest]) -> str:
    """Several objects, divided by dashes: what `kubectl apply -f -` reads."""
    return "---\n".join(yaml_text(manifest) for manifest in manifests)


def json_documents(manifests: Iterable[Manifest]) -> str:
    """One object, or a List of several."""
    values = [bare(manifest) for manifest in manifests]
    whole = values[0] if len(values) == 1 else {"apiVersion": "v1", "kind": "List", "items": values}
    return json.dumps(whole, indent=2) + "\n"


def joined(sources: Iterable[Source]) -> str:
    """Several files as one stream of documents."""
    made = ""
    for source in sources:
        text = source.text.removeprefix("\ufeff")
        if made and not text.lstrip().startswith("---"):
            made += "---\n"
        made += text if text.endswith("\n") or not text else text + "\n"
    return made


def as_json(sources: Iterable[Source]) -> str:
    """All objects of several files as one JSON value."""
    found = [
        plain_value(document.root)
        for source in sources
        for document in documents(source, [])
        if document.root is not None and not document.is_empty
    ]
    return json_documents(found)


def flow_text(value: Value) -> str:
    """One value on one line, as it may stand inside of braces."""
    found = bare(value)
    if isinstance(found, Mapping):
        return "{" + ", ".join(f"{flow_text(key)}: {flow_text(inner)}" for key, inner in found.items()) + "}"
    if isinstance(found, list):
        return "[" + ", ".join(flow_text(inner) for inner in found) + "]"
    return _scalar(found)


@lru_cache(maxsize=4096, typed=True)
def _scalar(value: Any) -> str:
    """The few values that stand in thousands of objects are written once; 1 and True are not the same."""
    stream = io.StringIO()
    writer = _yaml(0)
    writer.default_flow_style = True
    writer.dump([_quoted(value)], stream)
    return stream.getvalue().strip()[1:-1].strip()


def _yaml(dash_indent: int) -> YAML:
    writer = YAML(typ="rt", pure=True)
    writer.width = _WIDTH
    writer.indent(mapping=2, sequence=2 + dash_indent, offset=dash_indent)
    return writer


def _commented(value: Value) -> Any:
    """ruamel's own maps and lists, which can carry comments."""
    if isinstance(value, Because):
        return _commented(value.value)
    if isinstance(value, Mapping):
        made = CommentedMap()
        for key, inner in value.items():
            made[key] = _commented(inner)
            if isinstance(inner, Because):
                _explain(made, key, inner)
        return made
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = CommentedSeq(_commented(inner) for inner in value)
        for index, inner in enumerate(value):
            if isinstance(inner, Because):
                _explain(items, index, inner)
        return items
    return _quoted(value)


def _quoted(value: Any) -> Any:
    """Kubernetes reads YAML 1.1: a text such as `no` or `1_000` stays one only in quotes."""
    return DoubleQuotedScalarString(value) if isinstance(value, str) and resolve(value) != value else value


def _explain(made: Any, key: str | int, inner: Because) -> None:
    is_block = isinstance(inner.value, Mapping) or (
        isinstance(inner.value, Sequence) and not isinstance(inner.value, str)
    )
    if not is_block:
        made.yaml_add_eol_comment(inner.reason, key, column=0)
