"""From weights to probabilities that add up to 1, and are no surer than the number of lines allows.

Rates and clues are multiplied as if they were independent, which they are not quite: so no weight of evidence makes a
cause certain, and what rests on one line keeps a wide share for everything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from unstale.diagnosis.cause import Cause

LEAST = 0.005
"""Causes below this share are not listed, and the others are scaled to add up to 1."""

DIGITS = 3
_DOUBT = ((1, 0.25), (4, 0.15), (19, 0.08))
_LEAST_DOUBT = 0.03


def ranking(scores: Mapping[Cause, float], *, lines: int, is_settled: bool) -> tuple[tuple[Cause, float], ...]:
    """The causes by probability, the likeliest first. `scores` are in nats; `lines` is how many speak for them.

    `is_settled` says that the symptom itself names the cause (a flag that Envoy sets for this alone): then the number
    of lines does not matter.
    """
    top = max(scores.values())
    odds = {cause: math.exp(score - top) for cause, score in scores.items()}
    total = sum(odds.values())
    doubt = _doubt(lines) * (0.4 if is_settled else 1.0)
    even = doubt / len(odds)
    shares = {cause: (1 - doubt) * odd / total + even for cause, odd in odds.items()}
    return _told(shares)


def _doubt(lines: int) -> float:
    return next((doubt for most, doubt in _DOUBT if lines <= most), _LEAST_DOUBT)


def _told(shares: Mapping[Cause, float]) -> tuple[tuple[Cause, float], ...]:
    """Those worth telling, rounded so that the sum is exactly 1: the likeliest takes what rounding leaves."""
    named = {cause: share for cause, share in shares.items() if share >= LEAST}
    ordered = sorted(named.items(), key=lambda item: -item[1])
    total = sum(named.values())
    rest = [(cause, round(share / total, DIGITS)) for cause, share in ordered[1:]]
    first = round(1.0 - sum(share for _, share in rest), DIGITS)
    return ((ordered[0][0], first), *rest)
