"""Every remedy explains itself, names scenarios that exist, and says so where nothing proves it."""

from __future__ import annotations

import pytest

from unstale.diagnosis.cause import Cause
from unstale.lab.catalogue import scenario_names
from unstale.lint.registry import rules
from unstale.model.errors import InputError
from unstale.remedy.advice import advice_of, hosts_to_fix
from unstale.remedy.facts import Encryption, HostFacts
from unstale.remedy.registry import remedies, remedy_for

_SECTIONS = ("What it does", "How it is proved")


@pytest.mark.parametrize("name", remedies())
def test_page_names_its_proof(name: str) -> None:
    remedy = remedies()[name]
    places = [remedy.page.index(f"\n{section}\n") for section in _SECTIONS]
    assert places == sorted(places)
    proof = remedy.page[places[1] :]
    assert set(remedy.scenarios) <= set(scenario_names())
    for scenario in remedy.scenarios:
        assert scenario in proof
    assert remedy.proof == "unproved" or remedy.scenarios


@pytest.mark.parametrize("name", remedies())
def test_it_ends_something_that_is_known(name: str) -> None:
    remedy = remedies()[name]
    assert remedy.edits or remedy.manifests
    assert set(remedy.codes) <= set(rules())
    assert set(remedy.causes) <= {cause.value for cause in Cause}


def test_every_stale_cause_has_a_remedy() -> None:
    for cause in ("stale_keepalive_race", "lb_ip_changed", "firewall_or_nat_drop", "dns_failure", "connect_timeout"):
        assert any(cause in remedy.causes for remedy in remedies().values()), cause


def test_the_user_chooses_between_two_remedies_of_one_pitfall() -> None:
    plain = remedy_for("UNS201", HostFacts(host=""))
    originated = remedy_for("UNS201", HostFacts(host="", encryption=Encryption.ORIGINATED))
    assert plain is not None and originated is not None
    assert (plain.name, originated.name) == ("passthrough-is-said", "tls-originated-by-the-sidecar")
    assert remedy_for("UNS999", HostFacts(host="")) is None


def test_every_cause_is_either_ended_or_explained() -> None:
    for cause in Cause:
        finding = {"host": "a.example.com:80", "causes": [{"cause": cause.value, "probability": 1}]}
        (one,) = advice_of({"findings": [finding]}, name="d.json")
        assert one.host == "a.example.com"
        assert bool(one.remedies) != bool(one.why)
        assert hosts_to_fix((one,)) == (("a.example.com",) if one.remedies else ())


@pytest.mark.parametrize(
    "value",
    [None, [], {"findings": {}}, {"findings": [1]}, {"findings": [{"host": "a"}]}, {"findings": [{"causes": [{}]}]}],
    ids=repr,
)
def test_what_is_no_diagnosis_is_said(value: object) -> None:
    with pytest.raises(InputError, match=r"^d\.json"):
        advice_of(value, name="d.json")
