"""What is known beside the logs: it is read, refused where it is wrong, and moves the ranking as it should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from diagnosing import istio, scanned, written

from unstale.diagnosis.background import Background, DnsAnswer
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.declared import declared_hosts
from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.dns_history import read_dns_history
from unstale.diagnosis.envoy_state import with_clusters, with_configuration, with_stats
from unstale.diagnosis.finding import Finding
from unstale.envoy.resource import Resource, Resources
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.model.errors import InputError


def finding(path: Path, background: Background) -> Finding:
    """The one finding of a file."""
    (found,) = diagnose(scanned(path), background).findings
    return found


def probability(found: Finding, cause: Cause) -> float:
    """Of one cause, 0 where it is not listed."""
    return next((one.probability for one in found.suspects if one.cause is cause), 0.0)


@pytest.fixture
def passed_through(tmp_path: Path) -> Path:
    """Three lines of a passthrough call that was closed."""
    return written(tmp_path, *(istio(n, cluster="PassthroughCluster", route="allow_any") for n in range(3)))


def answered(*addresses: str, rcode: str = "NOERROR") -> Background:
    """A look-up made now."""
    return Background(dns=(DnsAnswer(host="api.example.com", addresses=addresses, rcode=rcode),))


def test_an_address_that_dns_no_longer_names(passed_through: Path) -> None:
    without = finding(passed_through, Background())
    gone = finding(passed_through, answered("203.0.113.99"))
    there = finding(passed_through, answered("203.0.113.7"))
    lb = Cause.LB_IP_CHANGED
    assert probability(there, lb) < probability(without, lb) < probability(gone, lb)
    assert gone.top.cause is lb
    assert any("not in the DNS answer now" in words for words in gone.top.speaks_for)


def test_a_history_tells_when_the_answer_moved(passed_through: Path) -> None:
    begin = 1735786800.0
    moved = Background(
        dns=(
            DnsAnswer(host="api.example.com", addresses=("203.0.113.7",), at_s=begin - 60),
            DnsAnswer(host="api.example.com", addresses=("203.0.113.8",), at_s=begin - 2),
        )
    )
    found = finding(passed_through, moved)
    assert found.top.cause is Cause.LB_IP_CHANGED
    assert any("changed 2 s before" in words for words in found.top.speaks_for)


def test_what_is_given_is_no_longer_asked_for(passed_through: Path) -> None:
    assert any("DNS answer" in words for words in finding(passed_through, Background()).would_settle)
    assert not any("--dns)" in words for words in finding(passed_through, answered("203.0.113.7")).would_settle)


def test_counters_tell_an_empty_answer_from_an_ejection(tmp_path: Path) -> None:
    path = written(tmp_path, istio(0, 503, "UH", "no_healthy_upstream", sent=19, upstream="-", local="-"))
    name = "cluster.outbound|80||api.example.com"
    empty = with_stats({}, f"{name}.update_empty: 2\n{name}.membership_total: 0\n", source="stats")
    ejected = with_stats({}, f"{name}.outlier_detection.ejections_active: 1\n", source="stats")
    assert finding(path, Background(clusters=empty)).top.cause is Cause.DNS_FAILURE
    assert finding(path, Background(clusters=ejected)).top.cause is Cause.NO_HEALTHY_UPSTREAM


@pytest.mark.parametrize(
    "text",
    [
        "cluster.outbound|80||a.example.upstream_cx_connect_fail: 3\nserver.uptime: 5\n",
        json.dumps({"stats": [{"name": "cluster.outbound|80||a.example.upstream_cx_connect_fail", "value": 3}]}),
        'envoy_cluster_upstream_cx_connect_fail{cluster_name="outbound|80||a.example"} 3\n',
    ],
)
def test_counters_as_text_json_and_prometheus(text: str) -> None:
    state = with_stats({}, text, source="stats")["outbound|80||a.example"]
    assert state.counters == {"upstream_cx_connect_fail": 3}


@pytest.mark.parametrize(
    "text",
    [
        "outbound|80||a.example::observability_name::x\noutbound|80||a.example::203.0.113.7:80::health_flags::healthy\n",
        json.dumps(
            {
                "cluster_statuses": [
                    {
                        "name": "outbound|80||a.example",
                        "host_statuses": [
                            {"address": {"socket_address": {"address": "203.0.113.7", "port_value": 80}}}
                        ],
                    }
                ]
            }
        ),
    ],
)
def test_endpoints_as_text_and_json(text: str) -> None:
    state = with_clusters({}, text, source="clusters")["outbound|80||a.example"]
    assert state.endpoints == {"203.0.113.7:80": "healthy"}


def test_a_configuration_tells_the_pools_idle_time_out() -> None:
    options = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "common_http_protocol_options": {"idle_timeout": "50s"}}}  # fmt: skip
    value = {"type": "STRICT_DNS", "connect_timeout": "1s", "typed_extension_protocol_options": options}
    state = with_configuration({}, Resources(clusters=(Resource(name="c", value=value),)))["c"]
    assert (state.kind, state.idle_timeout_s, state.connect_timeout_s) == ("STRICT_DNS", 50.0, 1.0)


@pytest.mark.parametrize("text", ["", "server.uptime: 5\n", "{}", "[1"])
def test_files_without_a_cluster_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^stats: no counter of a cluster in it"):
        with_stats({}, text, source="stats")
    with pytest.raises(InputError, match=r"^clusters: no cluster in it"):
        with_clusters({}, text, source="clusters")


def test_a_dns_history_in_each_of_its_times() -> None:
    text = (
        '{"host": "a.example", "addresses": ["192.0.2.1"], "time": "2025-01-02T03:00:00Z"}\n'
        '{"host": "a.example", "addresses": ["192.0.2.2"], "at_s": 3}\n'
        '{"host": "a.example", "addresses": [], "rcode": "NXDOMAIN"}\n'
    )
    answers = read_dns_history(text, source="dns", begin_s=1735786800.0)
    assert [answer.at_s for answer in answers] == [1735786800.0, 1735786803.0, None]
    assert [answer.is_failure for answer in answers] == [False, False, True]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x", "dns:1: not JSON"),
        ("{}", "dns:1: no host"),
        ('{"host": "a", "addresses": "b"}', "dns:1: addresses is no list of texts"),
        ('{"host": "a", "addresses": [], "time": "soon"}', "dns:1: time cannot be read"),
    ],
)
def test_a_wrong_line_of_a_history_is_named(line: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        read_dns_history(line, source="dns", begin_s=None)


def test_manifests_tell_who_resolves_the_name(passed_through: Path) -> None:
    manifest = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a, namespace: shop}
spec: {hosts: ["*.example.com"], resolution: NONE, ports: [{number: 80, name: http, protocol: HTTP}]}
"""
    declared = declared_hosts(load([Source(name="se.yaml", text=manifest)]))
    assert [(one.host, one.resolution) for one in declared] == [("*.example.com", "NONE")]
    wild = finding(passed_through, Background(declared=declared))
    assert any("se.yaml" in words for one in wild.suspects for words in one.speaks_for)
    unknown = finding(passed_through, Background(declared=()))
    assert any("no ServiceEntry" in words for one in unknown.suspects for words in one.speaks_for)
