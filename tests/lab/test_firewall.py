"""The firewall's rules say what it does to a forgotten address."""

from __future__ import annotations

import pytest

from unstale.lab.firewall import ruleset
from unstale.lab.world import Firewall


@pytest.mark.parametrize(("rejects", "last_word"), [(True, "reject with tcp reset"), (False, "drop")])
def test_refuses_as_configured(rejects: bool, last_word: str) -> None:
    rules = ruleset(Firewall(lease_s=2.5, rejects=rejects))
    assert f"meta l4proto tcp {last_word}" in rules
    assert "timeout 2500ms" in rules


def test_judges_both_directions_by_what_was_learnt() -> None:
    rules = ruleset(Firewall(lease_s=1, rejects=False))
    assert "ip daddr @learnt accept" in rules
    assert "ip saddr @learnt accept" in rules
