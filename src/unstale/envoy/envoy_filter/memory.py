"""What the patches made of each object, for as long as the patches and the object are the same.

A patch for all clusters is asked about twenty thousand of them, and an edit of the manifests changes two. So what came
of an object is kept with it, and found again by its identity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from unstale.envoy.envoy_filter.patch import Applied
from unstale.envoy.resource import Json, Origins, Resource
from unstale.model.carry import carried
from unstale.model.problem import Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[T]):
    """An object after its patches, None where one removes it; which patches acted, and what they warn of."""

    value: T | None
    origins: Origins
    warnings: tuple[Problem, ...]


@dataclass(slots=True, kw_only=True)
class Remembered(Generic[T]):
    """The outcomes of one list of objects, such as the chains of a listener; they are made under the same patches."""

    items: Sequence[T] = ()
    outcomes: Sequence[Outcome[T]] = ()

    def patch(self, items: Sequence[T], one: Callable[[T, Applied], T | None], applied: Applied) -> list[Outcome[T]]:
        """What `one` makes of each; what came of a known one is told to `applied` as if it were done again."""
        known = carried(self.items, self.outcomes, items)
        for at in known.unknown:
            own = Applied()
            value = one(items[at], own)
            known.results[at] = Outcome(value=value, origins=own.taken(), warnings=tuple(own.warnings))
        outcomes = [outcome for outcome in known.results if outcome is not None]
        for outcome in outcomes:
            if outcome.warnings:
                applied.warnings.update(dict.fromkeys(outcome.warnings))
        applied.origins.extend(dict.fromkeys(origin for outcome in outcomes for origin in outcome.origins))
        self.items, self.outcomes = items, outcomes
        return outcomes


@dataclass(slots=True, kw_only=True)
class Memory:
    """All that is remembered; `chains` are by the name and port of a listener, `hosts` by the name of a route.

    `asked` are the patched listeners and the routes that each asks for.
    """

    listeners: Remembered[Resource] = field(default_factory=Remembered)
    routes: Remembered[Resource] = field(default_factory=Remembered)
    clusters: Remembered[Resource] = field(default_factory=Remembered)
    chains: dict[str, Remembered[Json]] = field(default_factory=dict)
    hosts: dict[str, Remembered[Json]] = field(default_factory=dict)
    asked: tuple[Sequence[Resource], Sequence[tuple[str, ...]]] = ((), ())

    def chains_of(self, listener: str) -> Remembered[Json]:
        """Those of the listener of that name and port."""
        return self.chains.setdefault(listener, Remembered())

    def hosts_of(self, route: str) -> Remembered[Json]:
        """The virtual hosts of the route configuration of that name."""
        return self.hosts.setdefault(route, Remembered())
