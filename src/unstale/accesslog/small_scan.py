"""The scan of a few lines, which somebody may have pasted: mended where no format can read them."""

from __future__ import annotations

from unstale.accesslog.formats import istio_text
from unstale.accesslog.line_reader import LineReader
from unstale.accesslog.options import Options
from unstale.accesslog.part import Part
from unstale.accesslog.part_scan import UNREAD
from unstale.accesslog.paste import mend
from unstale.accesslog.reading import Doubt, Reading
from unstale.accesslog.result import Place


def scan_small(content: bytes, options: Options) -> Part:
    """The sums of an input of a few lines."""
    part = Part(size_bytes=len(content))
    reader = LineReader(options.formats)
    lines = content.decode("utf-8", "replace").split("\n")
    if not lines[-1]:
        lines.pop()
    unread: list[str] = []
    for number, raw in enumerate(lines):
        line = raw.removesuffix("\r")
        reading: Reading = (None if options.formats else istio_text.parse(line)) or reader.row(line)
        if reading is None:
            unread.append(line)
            continue
        _mend(part, unread, number - len(unread), reader, options)
        unread = []
        if isinstance(reading, Doubt):
            part.rows += 1
            part.ambiguous += 1
        else:
            part.add_row(reading, number, options.kept_per_group)
            part.small_rows.append(reading)
    _mend(part, unread, len(lines) - len(unread), reader, options)
    part.total = len(lines)
    part.bad = part.total - part.rows
    part.settle()
    return part


def _mend(part: Part, lines: list[str], first: int, reader: LineReader, options: Options) -> None:
    taken = set()
    for pasted in mend(lines, reader):
        part.add_row(pasted.row, first + pasted.at, options.kept_per_group)
        part.small_rows.append(pasted.row)
        part.continued += pasted.count - 1
        taken |= set(range(pasted.at, pasted.at + pasted.count))
    for at, line in enumerate(lines):
        if at not in taken:
            _left(part, line, first + at, reader)


def _left(part: Part, line: str, number: int, reader: LineReader) -> None:
    found = reader.error(line, Place(file="", line=number))
    if found is None:
        if len(part.first_unread) < UNREAD and line.strip():
            part.first_unread.append(line[:200])
        return
    error, name = found
    part.application += 1
    part.app_failed += 1
    part.formats[name] = part.formats.get(name, 0) + 1
    part.app_errors.append(error)
