"""Rows from text that went through hands: wrapped lines, typographic quotes, tables, fragments, cut JSON.

In a log of a million lines a fragment is a line that was cut, and guessing what it was would make up requests. In a few
lines that somebody pasted it is all there is. So this reader is asked only about small inputs, and only about what the
formats could not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unstale.accesslog.fragment import fragment_row
from unstale.accesslog.json_format import load, row_from
from unstale.accesslog.line_reader import LineReader
from unstale.accesslog.loose_json import loose_fields
from unstale.accesslog.reading import Doubt, row_of
from unstale.accesslog.row import Row

SMALL_BYTES = 256 * 1024
_WRAPPED_LINES = 8
_JSON_LINES = 80
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " ", "\u200b": "", "\t": " "})
_BLANKS = re.compile(r"(?<=\S) {2,}")
_CELL = re.compile(r"\A\s*\|\s*(.*?)\s*\|\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """A row put together from `count` lines, the first of which is number `at` (from 0) of what was given."""

    row: Row
    at: int
    count: int


def mend(lines: Sequence[str], reader: LineReader) -> Iterator[Pasted]:
    """The rows in consecutive lines that no format could read, in order, without overlap."""
    texts = [_clean(line) for line in lines]
    at = 0
    while at < len(texts):
        pasted = _at(texts, at, reader)
        if pasted is None:
            at += 1
        else:
            yield pasted
            at = pasted.at + pasted.count


def _at(texts: Sequence[str], at: int, reader: LineReader) -> Pasted | None:
    if not texts[at]:
        return None
    for found in (_json(texts, at, reader), _whole(texts, at, reader), _loose(texts, at)):
        if found is not None:
            return found
    row = fragment_row(texts[at])
    return None if row is None else Pasted(row=row, at=at, count=1)


def _whole(texts: Sequence[str], at: int, reader: LineReader) -> Pasted | None:
    """A text row on one line once it is cleaned, or wrapped over several."""
    joined = ""
    for count in range(1, min(_WRAPPED_LINES, len(texts) - at) + 1):
        text = texts[at + count - 1]
        for joint in (" ", "") if joined else ("",):
            row = reader.row(joined + joint + text)
            if isinstance(row, Doubt):
                return None
            if row is not None:
                return Pasted(row=row, at=at, count=count)
        joined = f"{joined} {text}" if joined else text
        if not text:
            break
    return _wrapped_fragment(texts, at)


def _wrapped_fragment(texts: Sequence[str], at: int) -> Pasted | None:
    """A row without its time, or an incomplete one, wrapped at a blank: the next line goes on where it broke."""
    first = fragment_row(texts[at])
    if first is None or at + 1 >= len(texts) or not texts[at + 1] or "upstream_host" in first.absent:
        return None
    if fragment_row(texts[at + 1]) is not None or "cluster" not in first.absent:
        return None
    row = fragment_row(f"{texts[at]} {texts[at + 1]}")
    return Pasted(row=row, at=at, count=2) if row is not None and row.cluster else None


def _json(texts: Sequence[str], at: int, reader: LineReader) -> Pasted | None:
    if "{" not in texts[at]:
        return None
    text = texts[at][texts[at].index("{") :]
    for count in range(1, min(_JSON_LINES, len(texts) - at) + 1):
        if count > 1:
            text = f"{text}\n{texts[at + count - 1]}"
        if not text.rstrip(" ,").endswith("}"):
            continue
        value = load(text.rstrip(" ,"))
        row = row_from(value, line=text, name=reader.json_name(value)) if value is not None else None
        if row is not None:
            return Pasted(row=row, at=at, count=count)
    return None


def _loose(texts: Sequence[str], at: int) -> Pasted | None:
    """JSON with a brace or a quote missing, and `key: value` pairs, over one or more lines."""
    best: Pasted | None = None
    text = ""
    for count in range(1, min(_JSON_LINES, len(texts) - at) + 1):
        line = texts[at + count - 1]
        if not line:
            break
        text = f"{text}\n{line}" if text else line
        fields = loose_fields(text)
        if not fields:
            if count > 1:
                break
            continue
        row = row_of(fields, line=text, name="JSON, damaged")
        if best is not None and row_of_same(best.row, row):
            if not loose_fields(line):
                break
            continue
        best = Pasted(row=row, at=at, count=count)
        if line.rstrip().endswith("}"):
            break
    return best


def row_of_same(one: Row, other: Row) -> bool:
    """Whether adding a line to a damaged object brought nothing new."""
    return one.absent == other.absent


def _clean(line: str) -> str:
    text = line.translate(_QUOTES)
    cell = _CELL.match(text)
    if cell is not None:
        text = cell.group(1)
    text = text.replace("\\|", "|").strip(" \r\n`>")
    return _BLANKS.sub(" ", text)
