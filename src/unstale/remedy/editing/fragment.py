"""New text for a place: in the style of what stands around it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from unstale.remedy.manifest import Because, Value, bare, reasons
from unstale.remedy.writing import flow_text, yaml_text


def is_block(value: Value) -> bool:
    """It needs lines of its own in block style: a map or a list that is not empty."""
    inner = value.value if isinstance(value, Because) else value
    return isinstance(inner, Mapping | Sequence) and not isinstance(inner, str) and bool(inner)


def block(value: Value, column: int, dash_indent: int, line_break: str) -> str:
    """Lines in block style, the first one without its indentation and the last one without its line break."""
    lines = yaml_text(value, dash_indent=dash_indent).rstrip("\n").split("\n")
    return (line_break + " " * column).join(lines)


def scalar(value: Value) -> str:
    """A value on one line, as it may stand inside of braces."""
    return flow_text(value)


def one_line(value: Value) -> str:
    """A value that needs no lines of its own, as it stands behind a key in block style."""
    return yaml_text({"k": bare(value)}).removeprefix("k: ").rstrip("\n")


def reason(value: Value) -> str:
    """The first reason inside of a value, as a comment; empty where there is none."""
    found = next(iter(reasons(value)), None)
    return f" # {found}" if found else ""


def json_text(value: Value, column: int, step: int, line_break: str) -> str:
    """JSON over several lines, the later ones indented below `column`; on one line where `step` is 0."""
    if not step:
        return json.dumps(bare(value))
    lines = json.dumps(bare(value), indent=step).split("\n")
    return (line_break + " " * column).join(lines)
