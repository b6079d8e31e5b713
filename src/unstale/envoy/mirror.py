"""mirror and mirrors: copies of requests, whose answers are thrown away (RT-15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unstale.envoy import fraction
from unstale.envoy.resource import Json
from unstale.istio.virtual_service import Destination, HTTPRoute, Percent

_ALL = 100


def mirror_policies(route: HTTPRoute, cluster_of: Callable[[Destination], str], *, keeps_host: bool) -> list[Json]:
    """One for each mirror that gets anything; `mirrorPercentage` belongs to the single `mirror` only."""
    return [
        {
            "cluster": cluster_of(destination),
            "runtime_fraction": {"default_value": part},
            "trace_sampled": False,
            **({"disable_shadow_host_suffix_append": True} if keeps_host else {}),
        }
        for destination, part in _mirrors(route)
        if part is not None
    ]


def _mirrors(route: HTTPRoute) -> Iterator[tuple[Destination, Json | None]]:
    if route.mirror is not None:
        if route.mirror_percentage is None and route.mirror_percent is not None:
            part = fraction.of_hundred(route.mirror_percent)
            yield route.mirror, part or None
        else:
            yield route.mirror, _part(route.mirror_percentage)
    for mirror in route.mirrors:
        yield mirror.destination, _part(mirror.percentage)


def _part(percentage: Percent | None) -> Json | None:
    """None for nothing; unset is all."""
    if percentage is None:
        return fraction.of_hundred(_ALL)
    return fraction.of_percent(percentage) if (percentage.value or 0) > 0 else None
