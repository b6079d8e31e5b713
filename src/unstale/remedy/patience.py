"""How long retries last: attempts and backoff that span a DNS refresh.

After a sudden move the right address is known only when the answer's time to live is over. Retries that are all over
before that knock on the same closed door, however many they are. Envoy draws each pause evenly between nothing and a
bound that doubles from the base up to ten times the base, so the sum of the pauses is what matters, and its low tail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from unstale.remedy.facts import HostFacts

UNKNOWN_TTL_S = 1.0
"""What is assumed where no time to live is told: the shortest, for longer patience costs latency."""

LOOK_UP_S = 1.0
"""What a look-up may take after the time to live is over: its jitter, the answer, and a try under way."""

ENVOY_BASE_S = 0.025
"""Envoy's own base, where the release has no `backoff` (config.route.v3.RetryPolicy.RetryBackOff)."""

_BASES_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_MOST_ATTEMPTS = 12
"""Longer pauses before more attempts: as patient, with a quarter fewer requests sent again (docs/tune.md)."""
_MOST_OF_ALL = 15
_MOST_WITHOUT_BACKOFF = 40
_DEVIATIONS = 4.0
_SHARE_OF_BUDGET = 60
_FEWEST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`attempts` retries with a first bound of `base_s` seconds."""

    attempts: int
    base_s: float

    @property
    def mean_s(self) -> float:
        """How long all pauses take together, on average."""
        return sum(_bounds(self)) / 2

    @property
    def least_s(self) -> float:
        """Four standard deviations below the mean: less than one request in ten thousand has less patience."""
        deviation = math.sqrt(sum(bound * bound for bound in _bounds(self)) / 12)
        return max(0.0, self.mean_s - _DEVIATIONS * deviation)


def _bounds(patience: Patience) -> Iterator[float]:
    """The upper limit of each pause, seconds."""
    for attempt in range(patience.attempts):
        yield min(patience.base_s * 2**attempt, 10 * patience.base_s)


def patience_for(facts: HostFacts) -> Patience:
    """The smallest base and number of attempts that outlast the host's time to live, inside the latency budget.

    Where the time to live is longer than the budget nothing outlasts it; then as much as the budget has room for.
    """
    wanted_s = (UNKNOWN_TTL_S if facts.ttl_s is None else facts.ttl_s) + LOOK_UP_S
    if not facts.has_retry_backoff:
        return _first(ENVOY_BASE_S, wanted_s, _MOST_WITHOUT_BACKOFF)
    largest_s = max(_BASES_S[0], facts.latency_budget_s / _SHARE_OF_BUDGET)
    bases = [base_s for base_s in _BASES_S if base_s <= largest_s]
    found = [_first(base_s, wanted_s, _MOST_ATTEMPTS) for base_s in bases]
    enough = next((one for one in found if one.least_s >= wanted_s), None)
    return enough or _first(bases[-1], wanted_s, _MOST_OF_ALL)


def _first(base_s: float, wanted_s: float, most: int) -> Patience:
    tries = (Patience(attempts=count, base_s=base_s) for count in range(_FEWEST_ATTEMPTS, most + 1))
    return next((one for one in tries if one.least_s >= wanted_s), Patience(attempts=most, base_s=base_s))
