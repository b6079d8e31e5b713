from __future__ import annotations

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.istio.load import load
from unstale.istio.source import Source

ENTRY = """
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: NAME, creationTimestamp: "2026-01-0DAYT00:00:00Z"}
spec:
  hosts: [HOST]
  ports: [{number: 5432, name: pg, protocol: TCP}]
  resolution: DNS
"""
ROUTE = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: NAME, creationTimestamp: "2026-01-0DAYT00:00:00Z"}
spec:
  hosts: [a.example.com]
  KIND
"""
RULE = """
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: NAME, creationTimestamp: "2026-01-0DAYT00:00:00Z"}
spec:
  host: a.example.com
  POLICY
"""
HTTP = "http: [{route: [{destination: {host: a.example.com}}]}]"
TLS = "tls: [{match: [{sniHosts: [a.example.com]}], route: [{destination: {host: a.example.com}}]}]"


def entry(name: str, day: int, host: str = "a.example.com") -> str:
    return ENTRY.replace("NAME", name).replace("DAY", str(day)).replace("HOST", host)


def route(name: str, day: int, rules: str) -> str:
    return ROUTE.replace("NAME", name).replace("DAY", str(day)).replace("KIND", rules)


def rule(name: str, day: int, policy: str) -> str:
    return RULE.replace("NAME", name).replace("DAY", str(day)).replace("POLICY", policy)


def warnings(text: str) -> list[str]:
    return [str(one) for one in compile_manifests(load([Source(name="a.yaml", text=text)])).warnings]


def test_a_port_of_two_definitions_is_told_at_the_younger_one() -> None:  # SC-3
    first, *_ = warnings(entry("younger", 2) + entry("older", 1))
    assert first == (
        "a.yaml:8:11: a.example.com has port 5432 of ServiceEntry default/older (a.yaml:12:1) too. "
        "The cluster is that of the older definition, listener and routes are those of the younger."
    )


def test_the_bytes_of_one_address_go_to_the_older_host() -> None:  # LI-6
    (told,) = warnings(entry("older", 1) + entry("younger", 2, "b.example.com"))
    assert told == (
        "a.yaml:12:1: connections to 0.0.0.0_5432 go to outbound|5432||a.example.com, "
        "not to outbound|5432||b.example.com. The host at a.yaml:3:1 claims the same address and port. "
        "Give one an address or a port of its own."
    )


@pytest.mark.parametrize(("kind", "rules"), [("http", HTTP), ("tls", TLS)])
def test_rules_of_two_objects_for_one_host_are_not_merged(kind: str, rules: str) -> None:  # SC-5
    (told,) = warnings(route("younger", 2, rules) + route("older", 1, rules))
    assert told.startswith(
        f"a.yaml:3:1: the {kind} rules for a.example.com compete with VirtualService default/older (a.yaml:11:1)."
    )


def test_rules_of_different_kinds_do_not_compete() -> None:
    assert warnings(route("one", 1, HTTP) + route("other", 2, TLS)) == []


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (
            "trafficPolicy: {tls: {mode: DISABLE}}",
            "a.yaml:17:18: trafficPolicy has no effect, DestinationRule default/older (a.yaml:3:1) has one for",
        ),
        (
            "subsets: [{name: v1, labels: {version: v1}}]",
            "a.yaml:17:13: subset has no effect, DestinationRule default/older (a.yaml:3:1) has it too (v1).",
        ),
        ("exportTo: ['.']", "a.yaml:17:13: exportTo is not that of DestinationRule default/older (a.yaml:3:1)"),
    ],
)
def test_what_of_a_second_destination_rule_is_lost(policy: str, expected: str) -> None:  # SC-7
    older = "trafficPolicy: {tls: {mode: DISABLE}}\n  subsets: [{name: v1, labels: {version: v1}}]"
    (told,) = warnings(rule("older", 1, older) + rule("younger", 2, policy))
    assert told.startswith(expected)


def test_subsets_under_other_names_are_merged_without_a_word() -> None:
    one = rule("older", 1, "subsets: [{name: v1, labels: {version: v1}}]")
    assert warnings(one + rule("younger", 2, "subsets: [{name: v2, labels: {version: v2}}]")) == []


def test_one_address_for_two_http_hosts_is_told_once() -> None:  # RT-2
    http = "ports: [{number: 80, name: http, protocol: HTTP}, {number: 81, name: more, protocol: HTTP}]"
    shared = f"addresses: [198.51.100.7]\n  {http}"
    plain = "ports: [{number: 5432, name: pg, protocol: TCP}]"
    (told,) = warnings(entry("one", 1).replace(plain, shared) + entry("two", 2, "b.example.com").replace(plain, shared))
    assert told.startswith(
        "a.yaml:18:14: requests to 198.51.100.7 may mean b.example.com or a.example.com (a.yaml:3:1)."
    )


@pytest.mark.parametrize(
    ("entry_fields", "policy", "expected"),
    [
        (
            "hosts: ['*.example.com']\n  ports: [{number: 80, name: http, protocol: HTTP}]\n  resolution: DYNAMIC_DNS",
            "outlierDetection: {}",
            "a.yaml:17:37: a host that is looked up by name cannot have outlierDetection: the control plane of",
        ),
        (
            "hosts: [a.example.com]\n  ports: [{number: 80, name: http, protocol: HTTP}]\n  resolution: DNS\n"
            "  endpoints: [{address: a.example.net, locality: eu}, {address: b.example.net, locality: us}]",
            "outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [rack]}}",
            "a.yaml:18:75: failoverPriority of a DNS host with endpoints in several localities: the control plane of",
        ),
    ],
)
def test_what_the_control_plane_fails_on_is_told(entry_fields: str, policy: str, expected: str) -> None:
    text = entry("a", 1).replace(
        "hosts: [a.example.com]\n  ports: [{number: 5432, name: pg, protocol: TCP}]\n  resolution: DNS", entry_fields
    )
    rules = rule("a", 1, f"trafficPolicy: {{{policy}}}").replace("host: a.example.com", "host: '*.example.com'")
    (told,) = warnings(text + rules)
    assert told.startswith(expected)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ("{eu/*: 60, us/*: 40}", []),
        ("{eu/eu-1/*: 60, eu/eu-2/*: 40}", []),
        ("{eu/*: 60, '*': 40}", ["* overlaps with eu/*"]),
    ],
)
def test_shares_that_overlap_are_told(shares: str, expected: list[str]) -> None:
    setting = f"{{loadBalancer: {{localityLbSetting: {{distribute: [{{from: '*', to: {shares}}}]}}}}}}"
    told = warnings(rule("a", 1, f"trafficPolicy: {setting}"))
    assert [one.split(": ")[1].split(".")[0] for one in told] == expected
