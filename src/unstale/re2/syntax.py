"""RE2's syntax, read into an expression that can be matched."""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from unstale.re2.expression import Accepts, Border, Characters, Choice, Node, Repeat, Sequence

_REPEAT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}", re.ASCII)
_GROUP = re.compile(r"\(\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|([imsU]*)(?:-([imsU]*))?([:)]))", re.ASCII)
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]", re.ASCII)
_UNICODE = re.compile(r"[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))", re.ASCII)
_HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})", re.ASCII)
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}", re.ASCII)
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_WORD = frozenset(string.ascii_letters + string.digits + "_")
_SETS = {
    "d": frozenset(string.digits),
    "w": _WORD,
    "s": frozenset("\t\n\f\r "),
    "alnum": frozenset(string.ascii_letters + string.digits),
    "alpha": frozenset(string.ascii_letters),
    "ascii": frozenset(map(chr, range(128))),
    "blank": frozenset("\t "),
    "cntrl": frozenset([*map(chr, range(32)), "\x7f"]),
    "digit": frozenset(string.digits),
    "graph": frozenset(map(chr, range(33, 127))),
    "lower": frozenset(string.ascii_lowercase),
    "print": frozenset(map(chr, range(32, 127))),
    "punct": frozenset(string.punctuation),
    "space": frozenset("\t\n\v\f\r "),
    "upper": frozenset(string.ascii_uppercase),
    "word": _WORD,
    "xdigit": frozenset(string.hexdigits),
}


class ExpressionError(ValueError):
    """An expression that cannot be read here."""


@lru_cache(maxsize=1024)
def compile_expression(pattern: str) -> Node:
    """Raises ExpressionError for what RE2 refuses, and for scripts as \\p{Greek}, which are not known here."""
    return _Reader(pattern).read()


@dataclass(frozen=True, slots=True)
class _Flags:
    folds_case: bool = False
    is_multiline: bool = False
    dot_takes_newline: bool = False


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> Node:
        node = self._choice(_Flags())
        if self._at < len(self._text):
            raise ExpressionError("unexpected )")
        return node

    def _choice(self, flags: _Flags) -> Node:
        """Up to a closing bracket or the end; flags set inside hold until there, in later branches too."""
        branches: list[Node] = []
        parts: list[Node] = []
        while self._at < len(self._text) and self._peek() != ")":
            if self._take("|"):
                branches.append(Sequence(tuple(parts)))
                parts = []
                continue
            found = _GROUP.match(self._text, self._at)
            if found and found[3] == ")":
                self._at = found.end()
                flags = _changed(flags, found)
                continue
            parts.append(self._repeated(self._atom(flags)))
        branches.append(Sequence(tuple(parts)))
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _atom(self, flags: _Flags) -> Node:
        if self._take("("):
            return self._group(flags)
        if self._take("["):
            return Characters(self._class(flags))
        sign = self._next()
        match sign:
            case ".":
                return Characters(_anything if flags.dot_takes_newline else _no_newline)
            case "^":
                return Border(_line_start if flags.is_multiline else _text_start)
            case "$":
                return Border(_line_end if flags.is_multiline else _text_end)
            case "\\":
                return self._escape(flags)
            case "*" | "+" | "?":
                raise ExpressionError(f"nothing to repeat before {sign}")
        return Characters(_literal(sign, flags))

    def _group(self, flags: _Flags) -> Node:
        found = _GROUP.match(self._text, self._at - 1)
        if found:
            self._at = found.end()
            flags = _changed(flags, found) if found[3] else flags
        elif self._text.startswith("?", self._at):
            raise ExpressionError("unknown kind of group")
        node = self._choice(flags)
        if not self._take(")"):
            raise ExpressionError("missing )")
        return node

    def _repeated(self, node: Node) -> Node:
        while self._at < len(self._text):
            found = _REPEAT.match(self._text, self._at)
            if found:
                self._at = found.end()
                least = int(found[1])
                most = least if found[2] is None else (int(found[3]) if found[3] else None)
            elif (limits := _LIMITS.get(self._peek())) is not None:
                self._at += 1
                least, most = limits
            else:
                break
            self._take("?")
            node = Repeat(node, least, most)
        return node

    def _escape(self, flags: _Flags) -> Node:
        border = _BORDERS.get(self._text[self._at : self._at + 1])
        if border is not None:
            self._at += 1
            return Border(border)
        if self._take("Q"):
            quoted, _, _ = self._text[self._at :].partition("\\E")
            self._at = min(len(self._text), self._at + len(quoted) + 2)
            return Sequence(tuple(Characters(_literal(sign, flags)) for sign in quoted))
        accepts = self._escaped_set()
        return Characters(accepts or _literal(self._escaped_character(), flags))

    def _escaped_set(self) -> Accepts | None:
        letter = self._text[self._at : self._at + 1]
        if letter == "C":
            self._at += 1
            return _anything
        if letter and letter.lower() in "dws":
            self._at += 1
            return _member(_SETS[letter.lower()], is_negated=letter.isupper())
        found = _UNICODE.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return _category(found[2] or found[3], is_negated=(letter == "P") != bool(found[1]))

    def _escaped_character(self) -> str:
        for shape, base in ((_HEX, 16), (_OCTAL, 8)):
            found = shape.match(self._text, self._at)
            if found:
                self._at = found.end()
                return chr(int(next(filter(None, found.groups()), found[0]), base))
        sign = self._next()
        if sign.isalnum() and sign not in _CONTROLS:
            raise ExpressionError(f"unknown escape \\{sign}")
        return _CONTROLS.get(sign, sign)

    def _class(self, flags: _Flags) -> Accepts:
        is_negated = self._take("^")
        sets: list[Accepts] = []
        while not (sets and self._peek() == "]"):
            sets.append(self._class_item(flags))
        self._at += 1
        return lambda sign: is_negated is not any(accepts(sign) for accepts in sets)

    def _class_item(self, flags: _Flags) -> Accepts:
        found = _POSIX.match(self._text, self._at)
        if found and found[2] in _SETS:
            self._at = found.end()
            return _member(_SETS[found[2]], is_negated=bool(found[1]))
        if self._peek() == "\\":
            self._at += 1
            accepts = self._escaped_set()
            if accepts is not None:
                return accepts
            first = self._escaped_character()
        else:
            first = self._next()
        last = first
        if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
            self._at += 1
            last = self._escaped_character() if self._take("\\") else self._next()
        return _range(first, last, flags)

    def _peek(self) -> str:
        if self._at >= len(self._text):
            raise ExpressionError("ends too early")
        return self._text[self._at]

    def _next(self) -> str:
        sign = self._peek()
        self._at += 1
        return sign

    def _take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True


def _changed(flags: _Flags, found: re.Match[str]) -> _Flags:
    """U swaps greedy and lazy, which changes nothing here."""
    for letters, value in ((found[1] or "", True), (found[2] or "", False)):
        if "i" in letters:
            flags = replace(flags, folds_case=value)
        if "m" in letters:
            flags = replace(flags, is_multiline=value)
        if "s" in letters:
            flags = replace(flags, dot_takes_newline=value)
    return flags


def _literal(wanted: str, flags: _Flags) -> Accepts:
    return _range(wanted, wanted, flags)


def _range(first: str, last: str, flags: _Flags) -> Accepts:
    if flags.folds_case:
        return lambda sign: any(first <= one <= last for one in (sign, sign.lower(), sign.upper()))
    return lambda sign: first <= sign <= last


def _member(signs: frozenset[str], *, is_negated: bool) -> Accepts:
    return lambda sign: is_negated is not (sign in signs)


def _category(name: str, *, is_negated: bool) -> Accepts:
    if len(name) > 2:
        raise ExpressionError(f"script {name} is not known here")
    return lambda sign: is_negated is not unicodedata.category(sign).startswith(name)


def _anything(_: str) -> bool:
    return True


def _no_newline(sign: str) -> bool:
    return sign != "\n"


def _text_start(_: str, at: int) -> bool:
    return at == 0


def _text_end(text: str, at: int) -> bool:
    return at == len(text)


def _line_start(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] == "\n"


def _line_end(text: str, at: int) -> bool:
    return at == len(text) or text[at] == "\n"


def _word_border(text: str, at: int) -> bool:
    before = at > 0 and text[at - 1] in _WORD
    after = at < len(text) and text[at] in _WORD
    return before is not after


def _no_word_border(text: str, at: int) -> bool:
    return not _word_border(text, at)


_BORDERS = {"A": _text_start, "z": _text_end, "b": _word_border, "B": _no_word_border}
_LIMITS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
