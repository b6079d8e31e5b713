"""A reader made from an Envoy format string, Istio's default or anybody's own.

Text logs are not escaped, so a path or user agent can hold quotes, and with them a whole second response. A line with
as many quotes as its format has one reading. One with more is read twice, the first time giving the client's fields as
little as possible, the second time as much as possible; where the two differ in what is judged, it is ambiguous.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from unstale.accesslog import strftime
from unstale.accesslog.operators import Operator, operator
from unstale.accesslog.reading import AMBIGUOUS, Reading, agree, row_of
from unstale.accesslog.row import Row
from unstale.model.errors import InputError

_PART = re.compile(r"%%|%([A-Z][A-Z0-9_]*(?:\((?:[^()]|\([^()]*\))*\))?(?::\d+)?)%|([^%]+)|(%)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFormat:
    """A named text format. `name` is what is told to the user, `text` Envoy's format string without the newline."""

    name: str
    text: str
    _readers: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]
    _core: re.Pattern[str]
    _roles: tuple[str, ...]
    _quotes: int

    @property
    def is_stamped(self) -> bool:
        """Whether rows begin with `[time]`, which can be found behind any prefix."""
        return self.text.startswith("[%START_TIME")

    def first(self, line: str) -> Row | None:
        """The reading that gives the client's fields as little as possible. For lines known to have but one."""
        quotes = line.count('"')
        if quotes < self._quotes or self._core.search(line) is None:
            return None
        return self._row(self._readers[quotes > self._quotes].match(line), line)

    def parse(self, line: str) -> Reading:
        """The row of a line without its line break, AMBIGUOUS, or None where it is not of this format."""
        first = self.first(line)
        if first is None or line.count('"') == self._quotes:
            return first
        last = self._row(self._readers[2].match(line), line)
        return first if last is not None and agree(first, last) else AMBIGUOUS

    def _row(self, found: re.Match[str] | None, line: str) -> Row | None:
        if found is None:
            return None
        fields = dict(zip(self._roles, found.groups()[1:], strict=True))
        fields.pop("", None)
        return row_of(fields, line=line, name=self.name, sender=found.group(1).strip())


def text_format(name: str, text: str) -> TextFormat:
    """The reader of a format string.

    Raises InputError naming the operator that is none, or saying that neither status nor flags are logged.
    """
    text = text.replace("\\n", "\n").rstrip("\n")
    parts = tuple(_parts(text))
    roles = tuple(part.role for part in parts if isinstance(part, Operator))
    if not {"status", "flags"} & set(roles):
        raise InputError(
            f"log format: it has neither %RESPONSE_CODE% nor %RESPONSE_FLAGS% ({text[:60]!r}). "
            "Give the string that Envoy logs by, as in MeshConfig's accessLogFormat."
        )
    prefix = "" if text.startswith("[%START_TIME") else r"(?:.*?\s)?"
    return TextFormat(
        name=name,
        text=text,
        _readers=(
            _reader(parts, client=r'[^"]*?', prefix=f"({prefix or '.*?'})"),
            _reader(parts, client=".*?", prefix=f"({prefix or '.*?'})"),
            _reader(parts, client=".*", prefix=f"({prefix or '.*'})"),
        ),
        _core=_core(parts),
        _roles=roles,
        _quotes=text.count('"') - sum(part.count('"') for part in re.findall(r"%[A-Z_]+\([^)]*\)", text)),
    )


def _parts(text: str) -> list[Operator | str]:
    parts: list[Operator | str] = []
    for found in _PART.finditer(text):
        if found.group(0) == "%%":
            parts.append("%")
        elif found.group(2):
            parts.append(found.group(2))
        elif found.group(1):
            parts.append(_operator(found.group(1)))
        else:
            near = text[found.start() : found.start() + 20]
            raise InputError(f"log format: a % that starts no operator ({near!r}). Write %% for a per cent sign.")
    return parts


def _operator(text: str) -> Operator:
    found = operator(text)
    if found is None:
        raise InputError(f"log format: {text!r} is no operator. Write one as %RESPONSE_CODE% or %REQ(:METHOD)%.")
    if found.role == "time" and "(" in text:
        return Operator(role="time", shape=strftime.shape(text[text.index("(") + 1 : text.rindex(")")]))
    return found


def _reader(parts: tuple[Operator | str, ...], *, client: str, prefix: str) -> re.Pattern[str]:
    pieces = [re.escape(part) if isinstance(part, str) else _group(part, client) for part in parts]
    return re.compile(prefix + "".join(pieces) + r"\r?\Z", re.ASCII)


def _core(parts: tuple[Operator | str, ...]) -> re.Pattern[str]:
    """The longest run of what Envoy alone writes: no row is without it, and it is found much faster than a row."""
    runs = [""]
    for part in parts:
        if isinstance(part, Operator) and part.is_clients:
            runs.append("")
        else:
            runs[-1] += re.escape(part) if isinstance(part, str) else part.shape
    return re.compile(max(runs, key=len), re.ASCII)


def _group(part: Operator, client: str) -> str:
    return f"({client})" if part.is_clients else f"({part.shape})"
