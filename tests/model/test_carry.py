"""What is carried over from one sequence to the next is what a look-up of each item would find."""

from __future__ import annotations

import random

import pytest

from unstale.model.carry import carried, shared_ends

_ITEMS = [object() for _ in range(12)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", (0, 0)),
        ("a", "", (0, 0)),
        ("", "a", (0, 0)),
        ("a", "a", (1, 0)),
        ("abc", "abc", (3, 0)),
        ("abc", "axc", (1, 1)),
        ("abc", "abxc", (2, 1)),
        ("abc", "ac", (1, 1)),
        ("aa", "a", (1, 0)),
        ("ab", "xab", (0, 2)),
        ("abc", "cba", (0, 0)),
    ],
)
def test_shared_ends(before: str, after: str, expected: tuple[int, int]) -> None:
    assert shared_ends(before, after) == expected


def test_as_a_look_up_of_each() -> None:
    chance = random.Random(4)
    for _ in range(300):
        before = chance.sample(_ITEMS, chance.randrange(len(_ITEMS)))
        after = [one for one in before if chance.random() < 0.8]
        for one in chance.sample(_ITEMS, 2):
            if one not in after:
                after.insert(chance.randrange(len(after) + 1), one)
        results = [str(_ITEMS.index(one)) for one in before]
        found = carried(before, results, after)
        known = dict(zip(map(id, before), results, strict=True))
        assert found.results == [known.get(id(one)) for one in after]
        assert found.unknown == [at for at, result in enumerate(found.results) if result is None]
        stayed = set(map(id, after))
        gone = [(one, result) for one, result in zip(before, results, strict=True) if id(one) not in stayed]
        assert found.gone == gone
