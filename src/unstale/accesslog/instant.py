"""Time stamps of log lines as seconds since 1970, without the calendar library: a scan reads millions of them."""

from __future__ import annotations

import re
from functools import lru_cache

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?\Z")
_EPOCH = re.compile(r"(\d{10})(?:\.(\d+))?\Z|(\d{13})\Z")


@lru_cache(maxsize=512)
def day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this day of the Gregorian calendar (Howard Hinnant's days_from_civil)."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def epoch_s(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time (no zone is UTC), of seconds or of milliseconds; else None."""
    if len(text) == 24 and text[19] == "." and text[23] == "Z" and text[20:23].isdecimal():
        whole = _whole(text[:19])
        return None if whole is None else whole + int(text[20:23]) / 1000
    return _from_iso(text)


@lru_cache(maxsize=4096)
def _whole(second: str) -> float | None:
    """A time without fraction and zone; rows of one second follow each other by the hundred."""
    return _from_iso(f"{second}Z")


def _from_iso(text: str) -> float | None:
    found = _ISO.match(text)
    if found is None:
        return _from_number(text)
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    fraction = float(f"0.{found.group(7)}") if found.group(7) else 0.0
    whole = day_number(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    return whole - _zone_s(found.group(8)) + fraction


def iso_minute(seconds: float) -> str:
    """The UTC minute of a time, as `2024-09-25T09:59`."""
    return iso_time(seconds)[:16]


def iso_time(seconds: float) -> str:
    """The UTC time with milliseconds, as `2024-09-25T09:59:46.000Z`."""
    milliseconds = round(seconds * 1000)
    days, of_day = divmod(milliseconds, 86_400_000)
    year, month, day = _civil(days)
    hour, rest = divmod(of_day, 3_600_000)
    minute, rest = divmod(rest, 60_000)
    second, millisecond = divmod(rest, 1000)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{millisecond:03d}Z"


def _civil(days: int) -> tuple[int, int, int]:
    days += 719468
    era, of_era = divmod(days, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def _zone_s(zone: str | None) -> int:
    if not zone or zone == "Z":
        return 0
    digits = zone.replace(":", "")
    seconds = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
    return -seconds if zone[0] == "-" else seconds


def _from_number(text: str) -> float | None:
    found = _EPOCH.match(text)
    if found is None:
        return None
    if found.group(3):
        return int(found.group(3)) / 1000
    return int(found.group(1)) + (float(f"0.{found.group(2)}") if found.group(2) else 0.0)
