"""Probabilities: they add up to 1, are in order, and no surer than the number of lines allows."""

from __future__ import annotations

import random

import pytest

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.ranking import ranking


def scores(first: float) -> dict[Cause, float]:
    """One cause that stands out by `first` nats, the others equal."""
    return {cause: (first if cause is Cause.LB_IP_CHANGED else 0.0) for cause in Cause}


@pytest.mark.parametrize("lines", [1, 2, 4, 5, 19, 20, 10**6])
def test_they_add_up_to_one_and_are_in_order(lines: int) -> None:
    chance = random.Random(lines)
    for _ in range(50):
        told = ranking({cause: chance.gauss(0, 4) for cause in Cause}, lines=lines, is_settled=chance.random() < 0.5)
        shares = [share for _, share in told]
        assert sum(round(1000 * share) for share in shares) == 1000
        assert shares == sorted(shares, reverse=True)
        assert all(share > 0 for share in shares)


@pytest.mark.parametrize(("lines", "most"), [(1, 0.77), (2, 0.87), (4, 0.87), (5, 0.94), (19, 0.94), (20, 1.0)])
def test_few_lines_never_make_sure(lines: int, most: float) -> None:
    cause, share = ranking(scores(50.0), lines=lines, is_settled=False)[0]
    assert cause is Cause.LB_IP_CHANGED
    assert share <= most


def test_a_flag_that_names_its_cause_is_surer_on_one_line() -> None:
    loose = ranking(scores(50.0), lines=1, is_settled=False)[0][1]
    settled = ranking(scores(50.0), lines=1, is_settled=True)[0][1]
    assert loose < settled < 0.95


def test_equal_scores_give_equal_shares() -> None:
    told = ranking(scores(0.0), lines=100, is_settled=False)
    assert len(told) == len(Cause)
    assert max(share for _, share in told) - min(share for _, share in told) <= 0.012
