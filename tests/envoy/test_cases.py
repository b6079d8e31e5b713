from __future__ import annotations

import pytest
from case import CASES, Case
from equivalence import differences


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule_id)
def test_the_configuration_is_istios_own(case: Case) -> None:
    compiled = case.compiled()
    assert differences(case.expected(), compiled.resources.as_json()) == []
    assert compiled.warnings == ()


def test_a_difference_in_any_place_is_seen() -> None:
    one = {"routes": [{"name": "80", "virtual_hosts": [{"domains": ["a", "b"], "routes": [1, 2]}]}]}
    other = {"routes": [{"name": "80", "virtual_hosts": [{"domains": ["b", "a"], "routes": [2, 1]}]}]}
    assert differences(one, one) == []
    assert differences(one, other) == [
        "routes.80.virtual_hosts[0].routes[0]: 2, Istio has 1",
        "routes.80.virtual_hosts[0].routes[1]: 1, Istio has 2",
    ]
    assert differences(one, {"routes": []}) != []
