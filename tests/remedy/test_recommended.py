"""The recommended policy follows from the facts, and every release and linter takes it as it is."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest
import yaml

from unstale.istio.load import load
from unstale.istio.schema import RELEASES
from unstale.istio.source import Source
from unstale.lint.finding import Severity
from unstale.lint.ignores import ignores_in
from unstale.lint.linter import lint
from unstale.lint.reading import read
from unstale.remedy.facts import Encryption, HostFacts, Port, is_host
from unstale.remedy.forms import form_names, in_form
from unstale.remedy.manifest import reasons
from unstale.remedy.patience import Patience, patience_for
from unstale.remedy.recommended import recommended
from unstale.remedy.writing import yaml_text

PLAIN = HostFacts(host="api.example.com")
BOTH = (Port(number=80), Port(number=443, protocol="HTTPS"))

VARIANTS = {
    "nothing known": PLAIN,
    "all known": HostFacts(
        host="api.example.com",
        namespace="shop",
        ttl_s=5,
        address_count=3,
        server_idle_s=20,
        server_max_age_s=600,
        firewall_lease_s=90,
        idempotency_key=True,
        slowest_answer_s=0.5,
        latency_budget_s=60,
        dns_refresh_s=5,
    ),
    "one address": HostFacts(host="api.example.com", address_count=1),
    "both ports": HostFacts(host="api.example.com", ports=BOTH),
    "TLS alone": HostFacts(host="api.example.com", ports=(Port(number=443, protocol="TLS"),)),
    "TLS originated": HostFacts(
        host="api.example.com", ports=(Port(number=80, target=443),), encryption=Encryption.ORIGINATED
    ),
    "gRPC": HostFacts(host="api.example.com", ports=(Port(number=8080, protocol="GRPC"),)),
    "wildcard": HostFacts(host="*.example.com", ports=(Port(number=443, protocol="TLS"),)),
    "long time to live": HostFacts(host="api.example.com", ttl_s=3600),
    "no time to live": HostFacts(host="api.example.com", ttl_s=0),
    "patched": HostFacts(host="api.example.com", is_patched=True),
}


def _objects(facts: HostFacts) -> dict[str, Any]:
    return {one["kind"]: one["spec"] for one in yaml.safe_load_all(recommended(facts).yaml)}


@pytest.mark.parametrize("release", ["1.24", "1.25", "1.26", "1.30", "1.32"])
@pytest.mark.parametrize("name", VARIANTS)
def test_it_loads_and_lints_clean(name: str, release: str) -> None:
    """The linter is not told of the mesh here, so it doubts the `dnsRefreshRate` that one variant relies on."""
    facts = HostFacts(**{**{key: getattr(VARIANTS[name], key) for key in HostFacts.__slots__}, "istio": release})
    source = Source(name="r.yaml", text=recommended(facts).yaml)
    load([source], istio=release)
    found = read([source], istio=release)
    result = lint(found.manifests, istio=release, surroundings=found.surroundings, ignores=ignores_in([source]))
    told = [(one.code, one.message) for one in result.findings if one.severity is not Severity.INFORMATION]
    expected = {"UNS307"} if facts.dns_refresh_s < 10 and not facts.keeps_addresses else set()
    assert {code for code, _ in told} == expected, told


def test_every_field_that_somebody_might_doubt_has_its_reason() -> None:
    told = [reason for manifest in recommended(PLAIN).manifests for reason in reasons(manifest)]
    assert len(told) >= 18
    for reason in told:
        assert f"# {reason}\n" in recommended(PLAIN).yaml


def test_the_same_facts_give_the_same_text() -> None:
    assert recommended(PLAIN).yaml == recommended(HostFacts(host="api.example.com")).yaml


def test_what_may_run_twice_is_repeated_after_a_cut_and_nothing_else() -> None:
    rules = _objects(PLAIN)["VirtualService"]["http"]
    assert [rule["name"] for rule in rules] == ["may-be-repeated", "must-not-run-twice"]
    assert rules[0]["match"] == [{"method": {"regex": "GET|HEAD|OPTIONS|PUT|DELETE"}}]
    assert rules[0]["retries"]["retryOn"].split(",")[-1] == "reset"
    assert "match" not in rules[1]
    assert set(rules[1]["retries"]["retryOn"].split(",")) == {
        "connect-failure",
        "refused-stream",
        "reset-before-request",
    }


def test_an_idempotency_key_lets_a_post_be_repeated() -> None:
    rules = _objects(VARIANTS["all known"])["VirtualService"]["http"]
    assert rules[1]["match"] == [{"headers": {"idempotency-key": {"regex": ".+"}}}]
    assert rules[1]["retries"]["retryOn"].endswith(",reset")


def test_limits_are_below_those_of_the_other_side() -> None:
    pool = _objects(VARIANTS["all known"])["DestinationRule"]["trafficPolicy"]["connectionPool"]
    assert pool["http"]["idleTimeout"] == "16s"
    assert pool["tcp"]["maxConnectionDuration"] == "72s"
    assert pool["tcp"]["tcpKeepalive"]["time"] == "30s"


def test_a_host_with_one_address_has_no_outlier_detection() -> None:
    assert "outlierDetection" not in _objects(VARIANTS["one address"])["DestinationRule"]["trafficPolicy"]
    outliers = _objects(PLAIN)["DestinationRule"]["trafficPolicy"]["outlierDetection"]
    assert outliers["maxEjectionPercent"] == outliers["minHealthPercent"] == 50
    assert outliers["consecutive5xxErrors"] == 0


def test_no_age_limit_cuts_what_passes_unread() -> None:
    policy = _objects(VARIANTS["both ports"])["DestinationRule"]["trafficPolicy"]
    assert "maxConnectionDuration" not in policy["connectionPool"]["tcp"]
    assert policy["portLevelSettings"][0]["connectionPool"]["tcp"]["maxConnectionDuration"] == "300s"
    assert _objects(VARIANTS["both ports"])["VirtualService"]["tls"][0]["match"][0]["port"] == 443
    assert "VirtualService" not in _objects(VARIANTS["TLS alone"])


def test_fields_that_a_release_does_not_have_are_left_out() -> None:
    old = _objects(HostFacts(host="api.example.com", istio="1.25"))
    assert set(old["VirtualService"]["http"][0]["retries"]) == {"attempts", "retryOn"}
    assert old["DestinationRule"]["trafficPolicy"]["connectionPool"]["http"]["maxRetries"] == 1024


def _patched(facts: HostFacts) -> dict[str, Any]:
    value = _objects(facts)["EnvoyFilter"]["configPatches"][0]["patch"]["value"]
    assert isinstance(value, dict)
    return value


def test_the_mesh_that_asks_dns_often_is_left_to_it() -> None:
    often = HostFacts(host="api.example.com", ttl_s=0, dns_refresh_s=5)
    assert "EnvoyFilter" not in _objects(often)
    assert _patched(VARIANTS["no time to live"]) == {"dns_refresh_rate": "5s"}


def test_no_envoy_filter_where_nothing_needs_one() -> None:
    """Istio warns of every one; and nothing that Istio warns of is printed unasked."""
    assert "EnvoyFilter" not in _objects(PLAIN)
    assert load([Source(name="r.yaml", text=recommended(PLAIN).yaml)]).warnings == ()
    assert _patched(HostFacts(host="api.example.com", istio="1.30")) == {"dns_refresh_rate": "5s"}
    assert "upstream_bind_config" in _patched(VARIANTS["patched"])


def test_silence_ends_a_connection_and_a_slow_answer_does_not() -> None:
    options = _patched(VARIANTS["patched"])["upstream_bind_config"]["socket_options"]
    assert [(one["level"], one["name"], one["int_value"]) for one in options] == [
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2000)
    ]
    assert all("perTryTimeout" not in rule["retries"] for rule in _objects(PLAIN)["VirtualService"]["http"])


@pytest.mark.parametrize(
    ("slowest_s", "expected"), [(0.1, "1s"), (0.5, "1s"), (1.0, "2s"), (1.25, "2500ms"), (1.3, None), (None, None)]
)
def test_a_try_is_bounded_where_no_good_answer_is_cut(slowest_s: float | None, expected: str | None) -> None:
    rules = _objects(HostFacts(host="api.example.com", slowest_answer_s=slowest_s))["VirtualService"]["http"]
    assert rules[0]["retries"].get("perTryTimeout") == expected
    assert "perTryTimeout" not in rules[1]["retries"]


def test_addresses_are_kept_where_the_proxy_leaves_those_that_are_gone() -> None:
    assert _objects(PLAIN)["ServiceEntry"]["resolution"] == "DNS_ROUND_ROBIN"
    old = HostFacts(host="api.example.com", istio="1.30")
    assert _objects(old)["ServiceEntry"]["resolution"] == "DNS"


@pytest.mark.parametrize("ttl_s", [0, 1, 2, 5, 10])
def test_patience_outlasts_the_time_to_live(ttl_s: float) -> None:
    patience = patience_for(HostFacts(host="a.example.com", ttl_s=ttl_s))
    assert patience.least_s >= ttl_s + 1
    assert patience.attempts <= 15


@pytest.mark.parametrize(("ttl_s", "budget_s"), [(60, 30), (3600, 30), (60, 6), (300, 600)])
def test_patience_is_bounded_by_what_callers_wait(ttl_s: float, budget_s: float) -> None:
    patience = patience_for(HostFacts(host="a.example.com", ttl_s=ttl_s, latency_budget_s=budget_s))
    assert patience.base_s * 10 <= max(1.0, budget_s / 6)
    assert patience.attempts <= 15


def test_the_least_patience_is_four_deviations_below_the_mean() -> None:
    one = Patience(attempts=1, base_s=0.1)
    assert one.mean_s == pytest.approx(0.05)
    assert one.least_s == 0.0
    many = Patience(attempts=15, base_s=0.1)
    assert many.mean_s == pytest.approx(6.25)
    assert many.least_s == pytest.approx(2.28, abs=0.01)


@pytest.mark.parametrize("form", form_names())
def test_every_form_loads(form: str) -> None:
    policy = in_form(form, HostFacts(host="api.example.com", namespace="shop"))
    load([Source(name="f.yaml", text=policy.yaml)], istio=RELEASES[-1]) if form != "mesh" else None
    assert policy.manifests


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("api.example.com", True),
        ("*.example.com", True),
        ("localhost", False),
        ("a..b", False),
        ("http://a.b", False),
        ("-a.b", False),
        ("a" * 64 + ".b", False),
        ("", False),
    ],
)
def test_what_a_host_is(text: str, is_one: bool) -> None:
    assert is_host(text) == is_one


def test_a_firewall_that_hears_only_the_application_needs_the_mesh_to_end_its_connections() -> None:
    deaf = HostFacts(host="api.example.com", ttl_s=5, firewall_hears_sidecar=False)
    mesh = recommended(deaf).mesh
    assert mesh is not None
    assert reasons(mesh)
    assert "httpMaxConnectionDuration: 5s" in yaml_text(mesh)
    assert recommended(PLAIN).mesh is None
    assert recommended(replace(deaf, istio="1.30")).mesh is None


def test_only_what_speaks_http_1_is_kept_from_being_upgraded() -> None:
    def http(facts: HostFacts) -> dict[str, Any]:
        pool: dict[str, Any] = _objects(facts)["DestinationRule"]["trafficPolicy"]["connectionPool"]["http"]
        return pool

    assert http(PLAIN)["h2UpgradePolicy"] == "DO_NOT_UPGRADE"
    assert "h2UpgradePolicy" not in http(VARIANTS["gRPC"])
