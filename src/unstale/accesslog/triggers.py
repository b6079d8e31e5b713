"""Which lines can be an access log row or an application's connection error at all.

Most lines of a mixed log are neither, and asking every format about each of them would cost more than all the rows. A
line without any of these texts is counted as unread without a look at any format, by the compiled scanner and by the
pure one alike; the tests hold every format's samples against the list.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from unstale.accesslog.catalogue import catalogue

# Of a text row its protocol, or the lack of one and the quote behind it; of a JSON row the key of flags or details.
ROW_TEXTS: Final = ("HTTP/", '-" ', 'lags"', "LAGS", '"rf"', '"rcd"', 'etails"', "ETAILS")


@cache
def triggers() -> tuple[bytes, ...]:
    """The texts, those of rows first."""
    hints = {hint for known in catalogue().application for hint in known.hints}
    return tuple(text.encode() for text in (*ROW_TEXTS, *sorted(hints)))


def has_trigger(line: bytes) -> bool:
    """Whether any of the texts stands in a line."""
    return any(text in line for text in triggers())
