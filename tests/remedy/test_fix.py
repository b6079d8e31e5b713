"""Findings end, by the smallest change, and a second run changes nothing."""

from __future__ import annotations

import difflib
import re
from importlib.resources import files

import pytest
import yaml
from fixing import NEWEST, bad_examples, fixable, fixed

from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.lint.finding import Severity
from unstale.lint.linter import lint
from unstale.lint.reading import read
from unstale.lint.registry import rules
from unstale.model.errors import ManifestError
from unstale.remedy.facts import Encryption, HostFacts
from unstale.remedy.fix import fix

ARTICLE = files("unstale.lab.policies").joinpath("article.yaml").read_text()

BY_HAND = {
    "UNS201": "a TCP port has no protocol of TLS to say anything of",
    "UNS210": "only its owner knows whether connections carry a server name",
}
"""Examples in which another pitfall is left, which no file can tell how to end."""


def _codes(text: str) -> set[str]:
    istio = _release(text)
    found = read([Source(name="a.yaml", text=text)], istio=istio)
    result = lint(found.manifests, surroundings=found.surroundings, istio=istio)
    return {one.code for one in result.findings if one.severity is not Severity.INFORMATION}


def _release(text: str) -> str:
    """The release that an example is for."""
    found = re.search(r"^# istio: (.*)$", text, re.MULTILINE)
    return found[1] if found else NEWEST


def _loads(text: str) -> bool:
    try:
        load([Source(name="a.yaml", text=text)])
    except ManifestError:
        return False
    return True


def test_the_article_gets_to_a_policy_without_errors_and_warnings() -> None:
    result = fixed(ARTICLE)
    assert {step.finding.code for step in result.steps} == {"UNS104", "UNS201", "UNS307", "UNS401"}
    assert not result.left
    after = result.sources[0].text
    assert _codes(after) == set()
    retries = [rule["retries"] for one in yaml.safe_load_all(after) for rule in one["spec"].get("http", ())]
    assert len(retries) == 4
    assert all(each["backoff"] == "200ms" and "5xx" not in each["retryOn"] for each in retries)


def test_the_articles_own_lines_stay_but_those_that_were_found_fault_with() -> None:
    after = fixed(ARTICLE).sources[0].text
    removed = [line for line in difflib.ndiff(ARTICLE.splitlines(), after.splitlines()) if line.startswith("- ")]
    assert {line.strip("- ").split(":")[0] for line in removed} == {
        "attempts",
        "perTryTimeout",
        "resolution",
        "retryOn",
    }


def test_a_second_run_changes_nothing() -> None:
    once = fixed(ARTICLE).sources[0].text
    again = fixed(once)
    assert again.sources[0].text == once
    assert not again.steps


@pytest.mark.parametrize(("code", "text"), list(bad_examples()), ids=lambda value: value if len(value) < 8 else "")
def test_the_bad_example_of_each_rule_is_fixed_once_and_for_all(code: str, text: str) -> None:
    if code not in _codes(text):
        assert code in OTHER_NEEDS or "# mesh-config:" in text
        return
    result = fixed(text, istio=_release(text))
    after = result.sources[0].text
    assert code in {step.finding.code for step in result.steps} or code in BY_HAND
    assert code not in _codes(after) or code in BY_HAND
    assert _loads(after) or not _loads(text)
    assert fixed(after, istio=_release(text)).sources[0].text == after


OTHER_NEEDS = frozenset({code for code, rule in rules().items() if rule.needs or rule.severity is Severity.INFORMATION})
"""Rules that need DNS, the mesh or the pod, and information, which is not changed."""


def test_most_pitfalls_that_files_can_end_have_a_remedy() -> None:
    assert len(fixable()) >= 40
    assert fixable() <= set(rules())


def test_what_the_user_switched_off_is_left_alone() -> None:
    text = ARTICLE.replace(
        "retryOn: 'gateway", "# unstale: ignore=UNS104 the server knows its requests\n      retryOn: 'gateway"
    )
    assert "UNS104" not in {step.finding.code for step in fixed(text).steps}


def test_one_host_alone() -> None:
    result = fix([Source(name="a.yaml", text=ARTICLE)], known=HostFacts(host=""), only_hosts=["HOST1.yourdomain.com"])
    assert "may-be-repeated" in result.sources[0].text
    second = result.sources[0].text.index("name: host2\n")
    assert "may-be-repeated" not in result.sources[0].text[second : second + 700]


def test_one_pitfall_alone() -> None:
    """From 1.31 on Envoy leaves addresses that are gone with DNS_ROUND_ROBIN too; before, DNS is asked again sooner."""
    for release, resolution, added in (("1.31", "DNS_ROUND_ROBIN", []), ("1.30", "DNS", ["EnvoyFilter"])):
        known = HostFacts(host="", istio=release)
        result = fix([Source(name="a.yaml", text=ARTICLE)], known=known, codes=["UNS307"])
        objects = list(yaml.safe_load_all(result.sources[0].text))
        assert objects[0]["spec"]["resolution"] == resolution
        assert [one["kind"] for one in objects][3:] == added
        assert not result.left


def test_rule_words_and_remedy_of_an_empty_answer_are_one() -> None:
    """What the finding says to write, the remedy writes, in every release."""
    for minor in range(24, 33):
        istio = f"1.{minor}"
        reading = read([Source(name="a.yaml", text=ARTICLE)], istio=istio)
        (finding,) = [one for one in lint(reading.manifests, istio=istio).findings if one.code == "UNS307"]
        result = fix([Source(name="a.yaml", text=ARTICLE)], known=HostFacts(host="", istio=istio), codes=["UNS307"])
        written = result.sources[0].text
        assert ("DNS_ROUND_ROBIN" in finding.fix) == ("DNS_ROUND_ROBIN" in written) == (minor >= 31)
        assert ("EnvoyFilter" in finding.fix) == ("dns_refresh_rate" in written) == (minor < 31)


def test_tls_is_originated_when_asked_for() -> None:
    known = HostFacts(host="", encryption=Encryption.ORIGINATED)
    result = fix([Source(name="a.yaml", text=ARTICLE)], known=known)
    objects = list(yaml.safe_load_all(result.sources[0].text))
    assert objects[0]["spec"]["ports"][0]["targetPort"] == 443
    rules_made = [one["spec"] for one in objects if one["kind"] == "DestinationRule"]
    assert [each["trafficPolicy"]["portLevelSettings"][0]["tls"]["sni"] for each in rules_made] == [
        "host1.yourdomain.com",
        "host2.yourdomain.com",
    ]
    assert all("tls" not in each["trafficPolicy"] for each in rules_made)
    assert not result.left


def test_a_release_gets_only_what_it_knows() -> None:
    result = fixed(ARTICLE, istio="1.25")
    after = result.sources[0].text
    assert not result.left
    assert "backoff:" not in after
    assert "retryIgnorePreviousHosts" not in after
    assert len(load([Source(name="a.yaml", text=after)], istio="1.25").destination_rules) == 2


def test_files_are_fixed_together() -> None:
    documents = ARTICLE.split("---\n")
    sources = [Source(name=f"{index}.yaml", text=text) for index, text in enumerate(documents)]
    result = fix(sources, known=HostFacts(host=""))
    assert [source.name for source in result.sources] == ["0.yaml", "1.yaml", "2.yaml"]
    assert "DestinationRule" in result.sources[0].text
    assert not result.left
