"""Variants of a scenario: the same storm with TLS, or over another HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from unstale.lab.scenario import Bounds, Least, Scenario
from unstale.lab.world import Http, Tls


def variant(
    scenario: Scenario,
    *,
    tls: Tls = Tls.NONE,
    http: Http = Http.HTTP1,
    methods: tuple[str, ...] = (),
    expects: Mapping[tuple[str, str], Bounds],
    least: Mapping[str, Least] | None = None,
) -> Scenario:
    """`scenario` in a world that speaks TLS or another HTTP, with expectations of its own."""
    return replace(
        scenario,
        world=lambda world, timing: replace(scenario.world(world, timing), tls=tls, http=http),
        methods=methods or scenario.methods,
        is_default=False,
        expects=expects,
        least=least or {},
    )
