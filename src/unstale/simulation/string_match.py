"""Envoy's StringMatcher: exact, prefix, suffix, contains or a regular expression."""

from __future__ import annotations

from collections.abc import Callable

from unstale.envoy.resource import Json
from unstale.re2.expression import is_full_match
from unstale.re2.syntax import compile_expression


def fits(matcher: Json, text: str) -> bool:
    """`ignore_case` holds for all but regular expressions. Raises ExpressionError for one that cannot be read."""
    if "safe_regex" in matcher:
        return is_regex_match(matcher["safe_regex"], text)
    folds = bool(matcher.get("ignore_case"))
    for kind, test in _TESTS.items():
        if kind in matcher:
            wanted = str(matcher[kind])
            return test(text.lower(), wanted.lower()) if folds else test(text, wanted)
    return False


def is_regex_match(matcher: Json, text: str) -> bool:
    """RegexMatcher: all of the text."""
    return is_full_match(compile_expression(matcher.get("regex", "")), text)


def words(matcher: Json) -> str:
    """The matcher in words, to follow the name of what it looks at."""
    if "safe_regex" in matcher:
        return f"matches {matcher['safe_regex'].get('regex', '')}"
    for kind, verb in _VERBS.items():
        if kind in matcher:
            return f"{verb} {matcher[kind] or 'empty'}"
    return "matches something unknown here"


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
    "contains": str.__contains__,
}
_VERBS = {"exact": "is", "prefix": "starts with", "suffix": "ends with", "contains": "contains"}
