"""Random valid manifests: what nobody complained of stays, all output loads, and what is said to be ended is gone."""

from __future__ import annotations

import pytest
from fixing import fixed, hosts_in, objects_in, written_by_hand

from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.remedy.fix import Step

GROUPS, GROUP_SIZE = 8, 6


@pytest.mark.parametrize("group", range(GROUPS))
def test_only_what_was_found_changes_and_the_result_is_clean(group: int) -> None:
    for seed in range(group * GROUP_SIZE, (group + 1) * GROUP_SIZE):
        _check(seed, written_by_hand(seed))


def _check(seed: int, text: str) -> None:
    result = fixed(text)
    after = result.sources[0].text
    load([Source(name=f"seed-{seed}.yaml", text=after)])
    old, new = objects_in(text), objects_in(after)
    findings = [step.finding for step in result.steps] + [left.finding for left in result.left]
    blamed = {finding.origin.line for finding in findings}
    assert set(old) <= set(new), f"seed {seed}: an object is gone"
    for key, one in old.items():
        _keeps_its_identity(seed, one, new[key])
    if not blamed:
        assert after == text, f"seed {seed}: changed without a finding"
    found = {host for step in result.steps for one in old.values() for host in hosts_in(one) if host in _told(step)}
    for key, one in old.items():
        if not hosts_in(one) & found and not _is_at(one, text, blamed):
            assert new[key] == one, f"seed {seed}: {key} changed, and nobody complained of it"
    assert fixed(after).sources[0].text == after, f"seed {seed}: a second run changes more"


def _told(step: Step) -> str:
    return str(step.finding).lower()


def _keeps_its_identity(seed: int, old: dict[str, object], new: dict[str, object]) -> None:
    """Names, hosts and where requests are led are never a matter of remedies."""
    assert old["metadata"] == new["metadata"], f"seed {seed}"
    for field in ("host", "exportTo", "subsets", "gateways"):
        assert _spec(old).get(field) == _spec(new).get(field), f"seed {seed}: {field}"
    assert hosts_in(old) == hosts_in(new), f"seed {seed}"


def _spec(one: dict[str, object]) -> dict[str, object]:
    spec = one["spec"]
    assert isinstance(spec, dict)
    return spec


def _is_at(one: dict[str, object], text: str, lines: set[int]) -> bool:
    """Some finding is inside of the object's own text."""
    metadata = one["metadata"]
    assert isinstance(metadata, dict)
    first = 1
    for part in text.split("---\n"):
        last = first + part.count("\n")
        names = objects_in(part) if part.strip() else {}
        if any(name == metadata["name"] and kind == one["kind"] for kind, _, name in names):
            return any(first <= line <= last for line in lines)
        first = last + 1
    return True
