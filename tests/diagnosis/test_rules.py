"""The rules as a whole: complete, documented, each with a scenario of the lab that reproduces it."""

from __future__ import annotations

import pytest

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.pages import SECTIONS
from unstale.diagnosis.registry import rules
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import DECISIVE


@pytest.mark.parametrize("cause", list(Cause))
def test_a_rule_names_scenarios_that_exist(cause: Cause) -> None:
    from unstale.lab.registry import members

    scenarios = members("unstale.lab.scenarios", "SCENARIO")
    assert rules()[cause].scenarios
    assert set(rules()[cause].scenarios) <= set(scenarios)


@pytest.mark.parametrize("cause", list(Cause))
def test_a_rules_docstring_is_its_page(cause: Cause) -> None:
    page = rules()[cause].page
    for section in SECTIONS:
        assert f"\n{section}\n" in page
    assert rules()[cause].title


@pytest.mark.parametrize("cause", list(Cause))
def test_rates_are_shares_and_weights_are_bounded(cause: Cause) -> None:
    rule = rules()[cause]
    assert all(0 < rate < 1 for rate in rule.rates.values())
    assert all(0 < abs(weight) <= DECISIVE for weight in rule.weighs.values())


def test_the_rates_of_a_symptom_are_near_one_in_all() -> None:
    for symptom in Symptom:
        total = sum(rule.rates.get(symptom, 0.0) for rule in rules().values())
        assert 0.8 <= total <= 1.25, (symptom.name, total)


def test_every_clue_is_weighed_by_a_rule() -> None:
    weighed = {clue for rule in rules().values() for clue in rule.weighs}
    only_told = {Clue.ENVOY_BODY}  # told for its words, since every body is one
    assert set(Clue) - weighed <= only_told


def test_every_clue_can_be_seen() -> None:
    """A clue that no file of `clues` yields would be dead weight in the rules."""
    from importlib.resources import files

    folder = files("unstale.diagnosis.clues")
    source = "".join(entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".py"))
    assert [clue.name for clue in Clue if f"Clue.{clue.name}" not in source] == []
