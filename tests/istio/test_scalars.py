"""Unquoted scalars mean what Kubernetes' YAML reader makes of them."""

from __future__ import annotations

import math

import pytest

from unstale.istio.scalars import Scalar, is_odd_integer, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("on", True),
        ("Yes", True),
        ("y", True),
        ("no", False),
        ("OFF", False),
        ("oN", "oN"),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("1_000", 1000),
        ("017", 15),
        ("-017", -15),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0b11", -3),
        ("080", 80.0),
        ("0x", "0x"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", float(2**64)),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("1.2.3", "1.2.3"),
        (".inf", math.inf),
        (".nan", math.inf),
        ("1:30", "1:30"),
        ("2024-05-17", "2024-05-17"),
        ("2024-05-17T08:30:00Z", "2024-05-17T08:30:00Z"),
        ("5s", "5s"),
        ("٣", "٣"),
        ("1" * 500, "1" * 500),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_a_scalar_is_resolved(text: str, value: Scalar) -> None:
    resolved = resolve(text)

    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    ("text", "is_odd"), [("0", False), ("80", False), ("-80", False), ("080", True), ("0x50", True), ("8_0", True)]
)
def test_integers_that_may_surprise_are_known(text: str, is_odd: bool) -> None:
    assert is_odd_integer(text) is is_odd
