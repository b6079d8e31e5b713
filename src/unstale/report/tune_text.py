"""What a search found, as a table and as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from unstale.model.search import Noise, Point, Search

_HEAD = ("candidate", "failed", "POST twice", "others twice", "p99 ms", "extra requests", "connections")


def table(search: Search) -> Iterator[str]:
    """All points in the order in which they were tried; `*` stands at those that no other one beats."""
    points = search.points
    width = max((len(point.candidate) for point in points), default=0) + 2
    yield click.style(f"{_HEAD[0]:{width}}" + "".join(f"{title:>{len(title) + 2}}" for title in _HEAD[1:]), bold=True)
    for point in points:
        mark = "* " if point.is_on_front else "  "
        name = f"{mark}{point.candidate}"
        numbers = "".join(f"{value:>{len(title) + 2}}" for title, value in zip(_HEAD[1:], _values(point), strict=True))
        line = f"{name:{width}}{numbers}"
        yield click.style(line, fg="green") if point.is_on_front else line
    front = sum(point.is_on_front for point in points)
    yield f"{front} of {len(points)} runs are on the front (*): no other one is at least as good in every column"
    yield f"differences that this machine makes by itself: {_noise(search.noise)}"


def _noise(noise: Noise) -> str:
    latencies = sorted(round(value) for value in noise.p99_ms.values())
    p99 = f", p99 {latencies[0]} to {latencies[-1]} ms by cell" if latencies else ""
    return f"{noise.failed:g} failed, {noise.extra:g} extra requests, {noise.connections:g} connections{p99}"


def _values(point: Point) -> tuple[str, ...]:
    counts = (point.failed, point.twice, point.repeated, round(point.p99_ms), point.extra, point.connections)
    return tuple(str(count) for count in counts)


def to_json(search: Search) -> dict[str, Any]:
    """`points` in the order in which they were tried, each with its cells, and the `noise` they were compared with."""
    noise = search.noise
    return {
        "points": [_point(point) for point in search.points],
        "noise": {
            "failed": noise.failed,
            "extra_requests": noise.extra,
            "connections": noise.connections,
            "p99_ms": [
                {"scenario": scenario, "method": method, "p99_ms": value}
                for (scenario, method), value in noise.p99_ms.items()
            ],
        },
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "candidate": point.candidate,
        "on_front": point.is_on_front,
        "failed": point.failed,
        "executed_twice": point.twice,
        "repeated": point.repeated,
        "p99_ms": point.p99_ms,
        "extra_requests": point.extra,
        "connections": point.connections,
        "cells": [
            {
                "scenario": cell.scenario,
                "method": cell.method,
                "requests": cell.requests,
                "failed": cell.failed,
                "executed_twice": cell.executed_twice,
                "p99_ms": cell.latency_ms.p99,
                "extra_requests": cell.retries,
                "connections": cell.upstream_connections,
            }
            for cell in point.cells
        ],
    }
