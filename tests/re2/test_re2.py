from __future__ import annotations

import random
import re

import pytest

from unstale.re2.expression import is_found, is_full_match
from unstale.re2.syntax import ExpressionError, compile_expression


def fits(pattern: str, text: str) -> bool:
    return is_full_match(compile_expression(pattern), text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("a|ab", "ab", True),
        ("(a|ab)(c|bcd)", "abcd", True),
        ("a{2,3}", "aaaa", False),
        ("a{2,}", "aaaa", True),
        ("(?i)ABC", "abc", True),
        ("(?i:A)b", "aB", False),
        ("(?P<name>x)(?<other>y)", "xy", True),
        ("(?:x|)y", "y", True),
        ("a.c", "a\nc", False),
        ("(?s)a.c", "a\nc", True),
        ("^a$", "a", True),
        (r"\Aa\z", "a", True),
        (r"(?m)a$\n^b", "a\nb", True),
        (r"\bfoo\b.*", "foo bar", True),
        (r"foo\Bbar", "foobar", True),
        (r"[[:alpha:]]+[[:^digit:]]", "ab-", True),
        (r"[^a-c]", "b", False),
        (r"[]a]+", "]a", True),
        (r"[a-]+", "a-", True),
        (r"[\d_-]+", "4_-", True),
        (r"\pL\p{Nd}\PL", "é4!", True),
        (r"\p{^L}", "é", False),
        (r"\Q.*\E", ".*", True),
        (r"\x41\x{42}\103", "ABC", True),
        (r"a*?b+?", "aab", True),
        ("é+", "éé", True),
    ],
)
def test_all_of_the_text_must_match(pattern: str, text: str, expected: bool) -> None:
    assert fits(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("1\\.3[12]", "v1.32.0", True),
        ("^1\\.32", "v1.32.0", False),
        (r"0\z", "1.32.0", True),
        (r"2\z", "1.32.0", False),
        ("$", "1.32.0", True),
        ("x*", "", True),
        ("a", "", False),
        ("(a|b)+c", "xxabac", True),
    ],
)
def test_some_part_of_the_text_matches(pattern: str, text: str, expected: bool) -> None:
    assert is_found(compile_expression(pattern), text) is expected


@pytest.mark.parametrize("pattern", ["(", ")", "[", "a)", "*", "(?=a)", r"\8", r"\p{Greek}", "a\\"])
def test_what_cannot_be_read_is_an_error(pattern: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(pattern)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(a+)+$b", "(a?){60}a{60}b"])
def test_no_expression_blows_up(pattern: str) -> None:
    assert not fits(pattern, "a" * 400)


@pytest.mark.parametrize("seed", range(200))
def test_agrees_with_another_reader_where_both_know_the_syntax(seed: int) -> None:
    chance = random.Random(seed)
    pattern = _pattern(chance, 3)
    for _ in range(20):
        text = "".join(chance.choices("abc", k=chance.randrange(6)))
        assert fits(pattern, text) is bool(re.fullmatch(pattern, text)), (pattern, text)


def _pattern(chance: random.Random, depth: int) -> str:
    parts = (
        _part(chance, depth) + chance.choice(["", "", "*", "+", "?", "{1,2}"]) for _ in range(chance.randint(1, 3))
    )
    return "".join(parts)


def _part(chance: random.Random, depth: int) -> str:
    match chance.randrange(5 if depth else 3):
        case 0:
            return chance.choice("abc")
        case 1:
            return f"[{'^' * chance.randrange(2)}{chance.choice(['a', 'ab', 'a-c'])}]"
        case 2:
            return "."
        case 3:
            return f"({_pattern(chance, depth - 1)})"
    return f"(?:{_pattern(chance, depth - 1)}|{_pattern(chance, depth - 1)})"
