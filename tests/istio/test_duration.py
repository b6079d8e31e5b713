"""Durations are read as Go reads them and written as protobuf writes them."""

from __future__ import annotations

import pytest

from unstale.istio.duration import Duration


@pytest.mark.parametrize(
    ("text", "nanos", "protobuf"),
    [
        ("0", 0, "0s"),
        ("0s", 0, "0s"),
        ("+5s", 5_000_000_000, "5s"),
        ("-1.5s", -1_500_000_000, "-1.500s"),
        ("100ms", 100_000_000, "0.100s"),
        ("1h2m3s", 3_723_000_000_000, "3723s"),
        ("1.5h", 5_400_000_000_000, "5400s"),
        (".5s", 500_000_000, "0.500s"),
        ("5.s", 5_000_000_000, "5s"),
        ("1us", 1_000, "0.000001s"),
        ("1µs", 1_000, "0.000001s"),
        ("1ns", 1, "0.000000001s"),
        ("0.3ns", 0, "0s"),
        ("9223372036854775807ns", (1 << 63) - 1, "9223372036.854775807s"),
        ("-9223372036854775808ns", -(1 << 63), "-9223372036.854775808s"),
    ],
)
def test_a_duration_is_read_and_rendered(text: str, nanos: int, protobuf: str) -> None:
    duration = Duration.parse(text)

    assert duration.nanos == nanos
    assert duration.protobuf == protobuf
    assert duration.seconds == nanos / 1e9
    assert Duration.parse(protobuf) == duration


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("-", "is empty"),
        ("5", "has no unit"),
        ("1h5", "has no unit"),
        ("5d", "has an unknown unit"),
        ("5S", "has an unknown unit"),
        ("1e3s", "has an unknown unit"),
        ("s", "is no duration"),
        (".s", "is no duration"),
        ("--5s", "is no duration"),
        (" 5s", "is no duration"),
        ("5s ", "is no duration"),
        ("٥s", "is no duration"),
        ("9223372036854775808ns", "is out of range"),
        ("-9223372036854775809ns", "is out of range"),
        ("2562048h", "is out of range"),
        ("9" * 5000 + "s", "is out of range"),
    ],
)
def test_what_is_no_duration_says_why(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{fault}$"):
        Duration.parse(text)
