"""What differs between two messages of Envoy's, place by place.

Lists whose order means nothing to Envoy are compared as sets, routes by what they match, so that one inserted route is
one difference and not all that follow it. Istio's telemetry is left out: no request is routed by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any, Final

from unstale.envoy.resource import Json


class Absent(Enum):
    """The value of a place that one side does not have."""

    ABSENT = "not set"

    def __str__(self) -> str:
        return self.value


ABSENT: Final = Absent.ABSENT

Step = str | int
Path = tuple[Step, ...]

_TELEMETRY = frozenset(
    {"istio.metadata_exchange", "istio.stats", "istio.alpn", "envoy.filters.http.grpc_stats", "istio.peer_metadata"}
)
_LEFT_OUT = frozenset({"tracing", "access_log", "access_log_options"})
_SETS = frozenset({"domains", "server_names", "prefix_ranges", "application_protocols", "lb_endpoints", "endpoints"})
_FILTERS = frozenset({"filters", "http_filters"})
_FRACTION = re.compile(r"-?[0-9]+\.[0-9]+s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place; `before` and `after` are plain values or ABSENT. `steps` lead there in the side that has it."""

    path: str
    steps: Path
    before: Any
    after: Any


def differences(before: Json, after: Json) -> tuple[Difference, ...]:
    """All places that differ, in the order of the fields' names."""
    return tuple(_mapping(before, after, ""))


def _any(before: Any, after: Any, path: str, steps: Path) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _mapping(before, after, path, steps)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list(before, after, path, steps)
    elif plain(before) != plain(after) or isinstance(before, bool) is not isinstance(after, bool):
        yield Difference(path=path, steps=steps, before=before, after=after)


def _mapping(before: Json, after: Json, path: str, steps: Path = ()) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if name in _LEFT_OUT or (path.endswith("filter_metadata.istio") and name == "workload"):
            continue
        one: Any = before.get(name, ABSENT)
        other: Any = after.get(name, ABSENT)
        if name in _FILTERS:
            one, other = _without_telemetry(one), _without_telemetry(other)
        yield from _any(one, other, f"{path}.{name}" if path else name, (*steps, name))


def _list(before: Sequence[Any], after: Sequence[Any], path: str, steps: Path) -> Iterator[Difference]:
    last = steps[-1] if steps else ""
    if last == "routes":
        yield from _aligned(before, after, path, steps, _route_key)
    elif last in _FILTERS:
        yield from _aligned(before, after, path, steps, lambda value: str(value.get("name", "")))
    elif last in _SETS:
        if sorted(map(_text, before)) != sorted(map(_text, after)):
            yield Difference(path=path, steps=steps, before=list(before), after=list(after))
    else:
        for at in range(max(len(before), len(after))):
            one = before[at] if at < len(before) else ABSENT
            other = after[at] if at < len(after) else ABSENT
            yield from _any(one, other, f"{path}[{at}]", (*steps, at))


def _aligned(
    before: Sequence[Any], after: Sequence[Any], path: str, steps: Path, key: Callable[[Any], str]
) -> Iterator[Difference]:
    """Items of one key side by side; items that only one side has are named by it."""
    left, right = [key(item) for item in before], [key(item) for item in after]
    for _, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        paired = left[i1:i2] == right[j1:j2]
        for offset in range(max(i2 - i1, j2 - j1)):
            i, j = i1 + offset, j1 + offset
            if paired:
                yield from _any(before[i], after[j], f"{path}[{j}]", (*steps, j))
                continue
            if i < i2:
                yield Difference(path=f"{path}[{i}]", steps=(*steps, i), before=before[i], after=ABSENT)
            if j < j2:
                yield Difference(path=f"{path}[{j}]", steps=(*steps, j), before=ABSENT, after=after[j])


def plain(value: Any) -> Any:
    """Equal for values that mean the same: 0.100s and 0.1s, 80 and 80.0."""
    if isinstance(value, str) and _FRACTION.fullmatch(value):
        return value[:-1].rstrip("0").rstrip(".") + "s"
    return value


def _route_key(route: Json) -> str:
    return f"{route.get('name', '')} {_text(route.get('match', {}))}"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _without_telemetry(filters: Any) -> Any:
    if not isinstance(filters, list):
        return filters
    return [one for one in filters if one.get("name") not in _TELEMETRY]
