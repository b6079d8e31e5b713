"""Rows that are read when somebody looks at them.

A scan keeps tens of thousands of failing lines, and a question about ten of them should not wait for all to be read.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from unstale.accesslog.formats import istio_text
from unstale.accesslog.line_reader import LineReader
from unstale.accesslog.row import Row

_FIELDS = tuple(field.name for field in fields(Row))


class _DeferredRow(Row):
    """A Row of which only the line is there; the first look at anything else reads it and makes it a plain Row."""

    __slots__ = ("_content", "_reader")

    def __getattr__(self, name: str) -> Any:
        if name not in _FIELDS:
            raise AttributeError(name)
        _read(self)
        return getattr(self, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and all(getattr(self, name) == getattr(other, name) for name in _FIELDS)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in _FIELDS))

    def __reduce__(self) -> tuple[Any, ...]:
        return _row, (tuple(getattr(self, name) for name in _FIELDS),)


def deferred_row(content: bytes, reader: LineReader) -> Row:
    """The Row of a line (bytes, without its line break) that is known to be one."""
    row = object.__new__(_DeferredRow)
    object.__setattr__(row, "_content", content)
    object.__setattr__(row, "_reader", reader)
    return row


def _read(row: _DeferredRow) -> None:
    text = row._content.decode("utf-8", "replace").removesuffix("\r")
    found = istio_text.parse(text) or row._reader.row(text)
    if not isinstance(found, Row):
        raise LookupError(f"the two tiers disagree about this line: {text[:200]}")
    for name in _FIELDS:
        object.__setattr__(row, name, getattr(found, name))
    object.__setattr__(row, "_content", b"")


def _row(values: tuple[Any, ...]) -> Row:
    return Row(**dict(zip(_FIELDS, values, strict=True)))
