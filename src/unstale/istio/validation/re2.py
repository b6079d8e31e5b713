r"""Regular expressions in RE2's syntax, checked without RE2.

Istio compiles them with Go's `regexp` and Envoy with RE2; Python's `re` knows look-around, back references and
possessive quantifiers, which both refuse, and lacks `\z`, `\pL`, `\Q` and `(?P<n>` without P. So the syntax is read
here; what is left to chance is only the size of the compiled program.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from importlib.resources import files

LONGEST = 1024
_MOST_REPEATS = 1000
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_CLASS_ESCAPES = frozenset("dDwWsS")
_ESCAPES = _CLASS_ESCAPES | frozenset("bBAz")
_REPEAT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}", re.ASCII)
_FLAGS = re.compile(r"\(\?([imsU]+)?(-[imsU]+)?[:)]", re.ASCII)
_NAMED = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>", re.ASCII)
_POSIX = re.compile(
    r"\[:\^?(alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]", re.ASCII
)
_POSIX_START = re.compile(r"\[:\^?[a-z]*:\]", re.ASCII)
_HEX = re.compile(r"x([0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\})", re.ASCII)
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}", re.ASCII)
_UNICODE = re.compile(r"[pP](\{\^?([A-Za-z_]+)\}|([A-Z]))", re.ASCII)


class _SyntaxError(ValueError):
    """What RE2 would refuse; its text follows the expression's name."""


def regex_fault(pattern: str) -> str:
    """What is wrong with a regular expression; empty if RE2 takes it. The size limit counts UTF-8 bytes."""
    if not pattern:
        return "is empty"
    if len(pattern.encode(errors="surrogatepass")) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    try:
        _Pattern(pattern).read()
    except _SyntaxError as fault:
        return str(fault)
    return ""


class _Pattern:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._names: set[str] = set()

    def read(self) -> None:
        depth, may_repeat = 0, False
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign == "(":
                depth += self._open()
                may_repeat = False
            elif sign == ")":
                depth -= 1
                if depth < 0:
                    raise _SyntaxError("has a ) without (")
                self._at += 1
                may_repeat = True
            elif sign in "*+?" or (sign == "{" and _REPEAT.match(self._text, self._at)):
                self._repeat(may_repeat)
                may_repeat = False
            else:
                may_repeat = self._one(sign)
        if depth:
            raise _SyntaxError("has a ( without )")

    def _one(self, sign: str) -> bool:
        if sign == "[":
            self._class()
        elif sign == "\\":
            self._escape(_ESCAPES)
        else:
            self._at += 1
        return sign != "|"

    def _open(self) -> int:
        if not self._text.startswith("(?", self._at):
            self._at += 1
            return 1
        if named := _NAMED.match(self._text, self._at):
            if named[1] in self._names:
                raise _SyntaxError(f"names two groups {named[1]}")
            self._names.add(named[1])
            self._at = named.end()
            return 1
        flags = _FLAGS.match(self._text, self._at)
        if flags is None:
            raise _SyntaxError(f"has {self._text[self._at : self._at + 4]}, which RE2 does not know")
        self._at = flags.end()
        return 1 if flags[0].endswith(":") else 0

    def _repeat(self, may_repeat: bool) -> None:
        if not may_repeat:
            raise _SyntaxError(f"repeats nothing at {self._text[self._at : self._at + 4]}")
        counted = _REPEAT.match(self._text, self._at)
        if counted:
            low, high = counted[1], counted[3]
            if max(len(low), len(high or "")) > 4 or max(int(low), int(high or low)) > _MOST_REPEATS:
                raise _SyntaxError(f"repeats more than {_MOST_REPEATS} times")
            if high and int(high) < int(low):
                raise _SyntaxError(f"has a reversed count {counted[0]}")
        self._at = counted.end() if counted else self._at + 1
        if self._text.startswith("?", self._at):
            self._at += 1

    def _class(self) -> None:
        end_fault = _SyntaxError("has a [ without ]")
        self._at += 1
        if self._text.startswith("^", self._at):
            self._at += 1
        first = True
        while first or not self._text.startswith("]", self._at):
            if self._at >= len(self._text):
                raise end_fault
            first = False
            low = self._class_sign()
            if low is not None and self._starts_range():
                self._at += 1
                high = self._class_sign()
                if high is None or high < low:
                    raise _SyntaxError("has a reversed or mixed range in [ ]")
        self._at += 1

    def _starts_range(self) -> bool:
        return self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] not in ("", "]")

    def _class_sign(self) -> str | None:
        if posix := _POSIX_START.match(self._text, self._at):
            if not _POSIX.match(self._text, self._at):
                raise _SyntaxError(f"has an unknown class {posix[0]}")
            self._at = posix.end()
            return None
        sign = self._text[self._at]
        if sign == "\\":
            return self._escape(_CLASS_ESCAPES)
        self._at += 1
        return sign

    def _escape(self, known: frozenset[str]) -> str | None:
        start = self._at + 1
        sign = self._text[start : start + 1]
        if not sign:
            raise _SyntaxError("ends in a backslash")
        if sign == "Q" and known is _ESCAPES:
            end = self._text.find("\\E", start)
            self._at = len(self._text) if end < 0 else end + 2
            return None
        if coded := _HEX.match(self._text, start) or _OCTAL.match(self._text, start):
            self._at = coded.end()
            return _coded(coded[0])
        if found := _UNICODE.match(self._text, start):
            if (found[2] or found[3]) not in _unicode_classes():
                raise _SyntaxError(f"has an unknown class \\{found[0]}")
            self._at = found.end()
            return None
        self._at = start + 1
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign in known:
            return None
        if sign.isascii() and not sign.isalnum():
            return sign
        raise _SyntaxError(f"has \\{sign}, which RE2 does not know")


def _coded(digits: str) -> str:
    code = int(digits[1:].strip("{}"), 16) if digits[0] == "x" else int(digits, 8)
    if code > sys.maxunicode:
        raise _SyntaxError(f"has \\{digits}, which is no character")
    return chr(code)


@lru_cache(maxsize=1)
def _unicode_classes() -> frozenset[str]:
    table = files("unstale.istio.validation").joinpath("unicode_classes.tsv").read_text(encoding="utf-8")
    return frozenset(line.partition("\t")[0] for line in table.splitlines()[1:])
