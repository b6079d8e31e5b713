"""The shape of a time that Envoy writes by a strftime string, as in %START_TIME(%Y/%m/%dT%H:%M:%S%z)%."""

from __future__ import annotations

import re

# Envoy adds %f and %1f .. %9f for fractions of a second to what absl::FormatTime knows.
_SHAPES = {
    "Y": r"\d{4}",
    "m": r"\d\d",
    "d": r"\d\d",
    "e": r"[ \d]\d",
    "H": r"\d\d",
    "M": r"\d\d",
    "S": r"\d\d",
    "T": r"\d\d:\d\d:\d\d",
    "F": r"\d{4}-\d\d-\d\d",
    "s": r"\d{9,11}",
    "f": r"\d{1,9}",
    "z": r"[+-]\d\d:?\d\d",
    "Z": r"[A-Z]{1,5}",
    "b": r"[A-Z][a-z]{2}",
    "%": "%",
}
_CODE = re.compile(r"%(?:E\d?f|[1-9]?f|E?([A-Za-z%]))|([^%]+)|%")


def shape(text: str) -> str:
    """The regular expression of a time written by `text`; a code that is not known matches any run without a quote."""
    pieces = []
    for found in _CODE.finditer(text):
        if found.group(2):
            pieces.append(re.escape(found.group(2)))
        elif found.group(1):
            pieces.append(_SHAPES.get(found.group(1), r"[^\"\s]+"))
        else:
            pieces.append(r"\d{1,9}" if found.group(0).endswith("f") else "%")
    return "(?:" + "".join(pieces) + ")" if pieces else r"[^\"\]]+"
