from __future__ import annotations

import pytest
from case import ANSWERS, REFUSALS, Case, id_of
from equivalence import differences

from unstale.model.errors import ManifestError


@pytest.mark.parametrize(("case", "istio"), ANSWERS, ids=id_of)
def test_the_configuration_is_istios_own(case: Case, istio: str) -> None:
    assert differences(case.expected(istio), case.compiled(istio).resources.as_json()) == []


@pytest.mark.parametrize(("case", "istio"), REFUSALS, ids=id_of)
def test_a_release_refuses_what_it_does_not_know(case: Case, istio: str) -> None:
    with pytest.raises(ManifestError):
        case.compiled(istio)


def test_a_difference_in_any_place_is_seen() -> None:
    one = {"routes": [{"name": "80", "virtual_hosts": [{"domains": ["a", "b"], "routes": [1, 2]}]}]}
    other = {"routes": [{"name": "80", "virtual_hosts": [{"domains": ["b", "a"], "routes": [2, 1]}]}]}
    assert differences(one, one) == []
    assert differences(one, other) == [
        "routes.80.virtual_hosts[0].routes[0]: 2, Istio has 1",
        "routes.80.virtual_hosts[0].routes[1]: 1, Istio has 2",
    ]
    assert differences(one, {"routes": []}) != []
