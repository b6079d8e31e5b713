"""A recorded DNS history: one JSON object a line, with the host, its addresses, and when.

The time stands under `time` (ISO 8601 or seconds since 1970) or under `at_s`, seconds since the first line of the logs,
as the lab records it. Lines without a time are answers of now.
"""

from __future__ import annotations

import json
from typing import Any

from unstale.accesslog.instant import epoch_s
from unstale.diagnosis.background import DnsAnswer
from unstale.model.errors import InputError

_SHAPE = 'Write {"host": "api.example.com", "addresses": ["203.0.113.7"], "time": "2024-09-25T09:59:46Z"}.'


def read_dns_history(text: str, *, source: str, begin_s: float | None) -> tuple[DnsAnswer, ...]:
    """The answers of a text. `begin_s` is the time of the logs' first line, which `at_s` counts from.

    Raises InputError with `source` and the line for what is no such object.
    """
    return tuple(
        _answer(line, f"{source}:{number}", begin_s) for number, line in enumerate(text.splitlines(), 1) if line.strip()
    )


def _answer(line: str, place: str, begin_s: float | None) -> DnsAnswer:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON ({error}). {_SHAPE}") from error
    if not isinstance(value, dict) or not isinstance(value.get("host"), str):
        raise InputError(f"{place}: no host ({line[:60]}). {_SHAPE}")
    addresses = value.get("addresses", [])
    if not isinstance(addresses, list) or not all(isinstance(address, str) for address in addresses):
        raise InputError(f"{place}: addresses is no list of texts ({addresses!r}). {_SHAPE}")
    return DnsAnswer(
        host=value["host"],
        addresses=tuple(addresses),
        rcode=str(value.get("rcode", "NOERROR")),
        at_s=_time(value, place, begin_s),
    )


def _time(value: dict[str, Any], place: str, begin_s: float | None) -> float | None:
    if isinstance(value.get("at_s"), int | float):
        return None if begin_s is None else begin_s + float(value["at_s"])
    told = value.get("time")
    if told is None:
        return None
    seconds = epoch_s(str(told))
    if seconds is None:
        raise InputError(f"{place}: time cannot be read ({told}). {_SHAPE}")
    return seconds
