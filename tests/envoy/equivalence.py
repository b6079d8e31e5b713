"""Whether two configurations mean the same to Envoy, and where they do not.

Lists whose order Envoy gives no meaning are compared as sets; routes, filters and matches keep theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SETS = frozenset(
    {
        "application_protocols",
        "domains",
        "endpoints",
        "filter_chains",
        "lb_endpoints",
        "prefix_ranges",
        "server_names",
        "virtual_hosts",
    }
)
_FRACTION = re.compile(r"-?\d+\.\d*?0+s")


def differences(expected: dict[str, list[Any]], actual: dict[str, list[Any]]) -> list[str]:
    """One line a place that differs; empty if there is none."""
    found: list[str] = []
    for kind in sorted(expected.keys() | actual.keys()):
        wanted, made = _by_name(expected.get(kind, [])), _by_name(actual.get(kind, []))
        found.extend(_compare(wanted, made, kind))
    return found


def _by_name(resources: list[Any]) -> dict[str, Any]:
    return {resource.get("name") or resource["cluster_name"]: _plain(resource, "") for resource in resources}


def _plain(value: Any, key: str) -> Any:
    """The same with sets sorted and `0.100s` written `0.1s`."""
    if isinstance(value, dict):
        return {name: _plain(item, name) for name, item in value.items()}
    if isinstance(value, list):
        items = [_plain(item, "") for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if key in _SETS else items
    if isinstance(value, str) and _FRACTION.fullmatch(value):
        return value[:-1].rstrip("0").rstrip(".") + "s"
    return value


def _compare(wanted: Any, made: Any, place: str) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(made, dict):
        for key in sorted(wanted.keys() | made.keys()):
            if key not in made:
                yield f"{place}.{key}: missing, Istio has {json.dumps(wanted[key])[:200]}"
            elif key not in wanted:
                yield f"{place}.{key}: Istio has none, here {json.dumps(made[key])[:200]}"
            else:
                yield from _compare(wanted[key], made[key], f"{place}.{key}")
    elif isinstance(wanted, list) and isinstance(made, list) and len(wanted) == len(made):
        for index, (one, other) in enumerate(zip(wanted, made, strict=True)):
            yield from _compare(one, other, f"{place}[{index}]")
    elif wanted != made or isinstance(wanted, bool) != isinstance(made, bool):
        yield f"{place}: {json.dumps(made)[:200]}, Istio has {json.dumps(wanted)[:200]}"
