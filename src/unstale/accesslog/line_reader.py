"""One line in, what it stands for out: the second tier, for every line that is not of the plain shape.

Which format comes first must not decide what a line means. The response code and flags stand behind the protocol and a
quote in every text format, so a line with one such place and one time stamp has one reading. A line with more is given
to every format, and if two of them, or the two readings of one, disagree, it is ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from unstale.accesslog.catalogue import catalogue
from unstale.accesslog.json_format import load, row_from, wrapped
from unstale.accesslog.log_format import OwnFormat
from unstale.accesslog.operators import FLAGS, ISO_TIME
from unstale.accesslog.prefix import split_prefix
from unstale.accesslog.reading import AMBIGUOUS, Doubt, Reading, agree
from unstale.accesslog.result import AppError, Place
from unstale.accesslog.row import Row
from unstale.accesslog.template import TextFormat

_STAMP = re.compile(rf"\[{ISO_TIME}\] \"", re.ASCII)
_HEAD = re.compile(rf"(?:HTTP/[\d.]{{1,3}}|-)\" (?:\d{{1,3}}|-) {FLAGS} ", re.ASCII)
# A log of a log of a log is somebody's mistake, but must not be anybody's stack overflow.
_DEPTH = 3


class LineReader:
    """Reads single lines. `formats` are the user's own, tried before all others."""

    def __init__(self, formats: Sequence[OwnFormat] = ()) -> None:
        self._own = tuple(formats)
        self._known = catalogue()
        self._recent = list(self._known.text)

    def row(self, line: str, depth: int = _DEPTH) -> Reading:
        """The row of a line without its line break, AMBIGUOUS, or None for a line that is no access log's."""
        for own in self._own:
            reading = own.parse(line)
            if reading is not None:
                return reading
        reading = self._stamped(line)
        if reading is None and "{" in line and depth:
            return self._json(line, depth)
        return reading

    def error(self, line: str, place: Place) -> tuple[AppError, str] | None:
        """The application's error that a line tells of, and the name of the format that knew it."""
        for known in self._known.application:
            found = known.find(line, place)
            if found is not None:
                return found, known.name
        return None

    def _stamped(self, line: str) -> Reading:
        heads = len(_HEAD.findall(line))
        if heads == 0:
            return None
        stamps = len(_STAMP.findall(line))
        if stamps == 0:
            return None
        if heads > 1 or stamps > 1:
            return _only([known.parse(line) for known in self._known.text])
        for known in self._recent:
            row = known.first(line)
            if row is not None:
                self._remember(known)
                return row
        return None

    def _remember(self, known: TextFormat) -> None:
        if self._recent[0] is not known:
            self._recent.remove(known)
            self._recent.insert(0, known)

    def _json(self, line: str, depth: int) -> Reading:
        sender, text = split_prefix(line)
        value = load(text) if text.startswith("{") else load(text[text.index("{") :]) if "{" in text else None
        return None if value is None else self._object(value, line, sender, depth)

    def _object(self, value: dict[str, Any], line: str, sender: str, depth: int) -> Reading:
        row = row_from(value, line=line, name=self.json_name(value), sender=sender)
        if row is not None:
            return row
        inner = wrapped(value)
        if isinstance(inner, str):
            return self.row(inner.rstrip("\r\n"), depth - 1)
        return self._object(inner, line, sender, depth - 1) if isinstance(inner, dict) and depth > 1 else None

    def json_name(self, value: dict[str, Any]) -> str:
        """The name of the style that an object's keys are written in."""
        for known in self._known.json:
            if known.is_marked(value):
                return known.name
        return "JSON"


def _only(readings: Sequence[Reading]) -> Reading:
    found: Row | None = None
    for reading in readings:
        if isinstance(reading, Doubt):
            return AMBIGUOUS
        if reading is None:
            continue
        if found is not None and not agree(found, reading):
            return AMBIGUOUS
        found = found or reading
    return found
