"""Regular expressions are refused where RE2 refuses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.istio.validation.headers import value_fault
from unstale.istio.validation.re2 import LONGEST, regex_fault

FOLDER = Path(__file__).parent / "regular-expressions"
GOOD = (FOLDER / "good.txt").read_text(encoding="utf-8").splitlines()
BAD = (FOLDER / "bad.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("pattern", GOOD)
def test_what_re2_takes_is_taken(pattern: str) -> None:
    assert regex_fault(pattern) == ""


@pytest.mark.parametrize("pattern", BAD)
def test_what_re2_refuses_is_refused(pattern: str) -> None:
    assert regex_fault(pattern)


def test_the_length_is_limited_in_bytes() -> None:
    assert regex_fault("") == "is empty"
    assert regex_fault("a" * LONGEST) == ""
    assert regex_fault("a" * (LONGEST + 1))
    assert regex_fault("ä" * (LONGEST // 2)) == ""
    assert regex_fault("ä" * (LONGEST // 2 + 1))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "100%%",
        "%A%",
        "x %A% y",
        '%A(["a"])%',
        '%A( [ "a" , "b\\"c" ] )%',
        "%A%%B%",
        "a\tb",
        "ä",
        "%UNKNOWN_1%",
        "%REQ(x-id)%",
        "%REQ(:path?x)% %START_TIME(%s)%",
    ],
)
def test_header_values_may_have_variables(value: str) -> None:
    assert value_fault(value) == ""


@pytest.mark.parametrize(
    "value",
    [
        *(
            "%",
            "100%",
            "%A",
            "%A%%",
            "%A(%",
            "%A(b%",
            "%A(b) c%",
            "%A()%",
            "%A([])%",
            '%A(["a")%',
            '%A(["a"]%',
            '%A(["a" "b"])%',
        ),
        *('%A(["a"])x%', '%A(["a\\', "a\nb", "a\x00", "\x7f"),
    ],
)
def test_header_values_with_a_broken_variable_are_refused(value: str) -> None:
    assert value_fault(value)
