"""Variants of a scenario: the same storm with TLS, or over another HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from unstale.lab.scenario import Bounds, Least, Scenario
from unstale.lab.world import Http, Tls, World

_PASSTHROUGH = "tls-passthrough-"
"""What the variants that have expectations of their own are called."""


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


def encrypted(name: str, known: Mapping[str, Scenario]) -> Scenario:
    """The scenario called `name` with an application that speaks TLS itself; nothing is expected where nobody measured.

    A world that speaks HTTP/2, or in which the sidecar encrypts, is not for this: `why_not_encrypted` says so.
    """
    if name.startswith(_PASSTHROUGH):
        return known[name]
    return known.get(_PASSTHROUGH + name) or variant(known[name], tls=Tls.PASSTHROUGH, expects={})


def why_not_encrypted(world: World) -> str:
    """Why an application cannot call https in a scenario's own world; empty where it can."""
    if world.http is not Http.HTTP1:
        return f"it speaks {world.http}, which is in the clear here"
    return "there the sidecar encrypts, and the application calls in the clear" if world.tls is Tls.ORIGINATED else ""
