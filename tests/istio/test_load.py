"""What loading makes of good texts: typed objects that know their places."""

from __future__ import annotations

import dataclasses

import pytest
from manifest_case import CASES

from unstale.istio.composers import FASTEST, PurePythonComposer
from unstale.istio.destination_rule import TLSmode
from unstale.istio.documents import documents
from unstale.istio.duration import Duration
from unstale.istio.load import load
from unstale.istio.manifests import Manifests
from unstale.istio.message import origin_of
from unstale.istio.service_entry import Location, Resolution
from unstale.istio.source import Source
from unstale.model.errors import InputError, ManifestError
from unstale.model.problem import Problem

TEXT = """\
# the host that the shop pays with
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: payments
  namespace: shop
  labels: {app: shop}
  creationTimestamp: 2024-05-17T08:30:00Z
spec:
  hosts:
  - Pay.Example.com
  - b.example.com
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - {number: 443, name: tls, protocol: TLS, targetPort: 8443}
  endpoints:
  - address: c.example.com
    ports: {tls: 9443}
    weight: 3
---
{"apiVersion": "networking.istio.io/v1beta1", "kind": "VirtualService", "metadata": {"name": "payments"},
 "spec": {"hosts": ["pay.example.com"], "http": [
   {"match": [{"uri": {"prefix": "/a"}, "headers": {"x-a": {"exact": "1"}}}],
    "timeout": "2s", "retries": {"attempts": 0},
    "route": [{"destination": {"host": "a.example.com", "port": {"number": 80}}, "weight": 100}]},
   {"directResponse": {"status": 200, "body": {"bytes": "aGk="}}}]}}
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: payments}
spec:
  host: pay.example.com
  trafficPolicy:
    tls: {mode: SIMPLE, insecureSkipVerify: null}
    outlierDetection: {consecutive5xxErrors: 5, interval: 100ms}
    loadBalancer:
      localityLbSetting: {failover: [{from: a, to: b}]}
    portLevelSettings:
    - port: {number: 443}
      connectionPool: {tcp: {maxConnections: 1.0}}
"""


def _loaded(text: str = TEXT, name: str = "shop.yaml") -> Manifests:
    return load([Source(name=name, text=text)])


def test_nothing_gives_nothing() -> None:
    assert load([]) == Manifests()
    assert _loaded("") == Manifests()


def test_a_service_entry_is_typed() -> None:
    (entry,) = _loaded().service_entries

    assert entry.metadata.name == "payments"
    assert entry.metadata.namespace == "shop"
    assert entry.metadata.labels == {"app": "shop"}
    assert entry.metadata.creation_timestamp == "2024-05-17T08:30:00Z"
    assert entry.hosts == ("Pay.Example.com", "b.example.com")
    assert entry.location is Location.MESH_EXTERNAL
    assert entry.resolution is Resolution.DNS
    assert entry.ports[0].target_port == 8443
    assert entry.endpoints[0].ports == {"tls": 9443}
    assert entry.workload_selector is None
    assert entry.addresses == ()


def test_a_virtual_service_is_typed() -> None:
    (service,) = _loaded().virtual_services
    first, second = service.http

    assert service.metadata.namespace == "default"
    assert first.timeout == Duration(nanos=2_000_000_000)
    assert first.retries is not None
    assert first.retries.attempts == 0
    assert first.retries.per_try_timeout is None
    assert first.route[0].destination.port == 80
    assert first.match[0].headers["x-a"].exact == "1"
    assert second.direct_response is not None
    assert second.direct_response.body is not None
    assert second.direct_response.body.bytes == b"hi"


def test_a_destination_rule_is_typed() -> None:
    (rule,) = _loaded().destination_rules
    policy = rule.traffic_policy

    assert policy is not None
    assert policy.tls is not None
    assert policy.tls.mode is TLSmode.SIMPLE
    assert policy.tls.insecure_skip_verify is None
    assert policy.outlier_detection is not None
    assert policy.outlier_detection.consecutive_5xx_errors == 5
    assert policy.load_balancer is not None
    assert policy.load_balancer.locality_lb_setting is not None
    assert policy.load_balancer.locality_lb_setting.failover[0].from_ == "a"
    (port,) = policy.port_level_settings
    assert port.port == 443
    assert port.connection_pool is not None
    assert port.connection_pool.tcp is not None
    assert port.connection_pool.tcp.max_connections == 1


def test_messages_and_their_fields_know_their_places() -> None:
    manifests = _loaded()
    (entry,) = manifests.service_entries
    (rule,) = manifests.destination_rules
    route = manifests.virtual_services[0].http[0]

    assert str(entry.origin) == "shop.yaml:2:1"
    assert str(origin_of(entry, "resolution")) == "shop.yaml:14:15"
    assert str(origin_of(entry, "hosts[1]")) == "shop.yaml:12:5"
    assert str(origin_of(entry, "export_to")) == "shop.yaml:2:1"
    assert str(origin_of(entry.metadata, "labels{app}")) == "shop.yaml:7:17"
    assert str(entry.endpoints[0].origin) == "shop.yaml:18:5"
    assert str(origin_of(route, "timeout")) == "shop.yaml:25:16"
    assert str(origin_of(route.route[0].destination, "port")) == "shop.yaml:26:76"
    assert rule.traffic_policy is not None
    assert str(rule.traffic_policy.origin) == "shop.yaml:35:5"


def test_places_take_no_part_in_comparison() -> None:
    moved = _loaded("# moved\n\n" + TEXT, name="other.yaml")

    assert moved == _loaded()
    assert "Origin(" not in repr(moved)


def test_resources_cannot_be_changed() -> None:
    (entry,) = _loaded().service_entries

    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.__setattr__("hosts", ())


def test_other_kinds_are_counted() -> None:
    text = (CASES / "objects" / "good-others-are-skipped.yaml").read_text()
    again = "\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}\n"

    assert _loaded(text + again).skipped == {"Deployment": 2, "WorkloadGroup": 1, "ServiceEntry": 2}


def test_lists_give_their_items() -> None:
    manifests = _loaded((CASES / "objects" / "good-lists.yaml").read_text())

    assert [rule.metadata.name for rule in manifests.destination_rules] == ["a", "b", "c"]
    assert manifests.skipped == {"Service": 1}


def test_merged_and_shared_values_are_read_where_they_are_used() -> None:
    (rule,) = _loaded((CASES / "aliases" / "good-shared-policy.yaml").read_text()).destination_rules
    old, new = rule.subsets

    assert old.traffic_policy == rule.traffic_policy
    assert new.traffic_policy is not None
    assert rule.traffic_policy is not None
    assert new.traffic_policy.connection_pool == rule.traffic_policy.connection_pool
    assert new.traffic_policy.outlier_detection is not None


def test_all_problems_of_all_sources_come_at_once_in_the_order_of_the_sources() -> None:
    wrong = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec: {host: 5}\n"
    sources = [
        Source(name="z.yaml", text="a: [\n---\n" + wrong),
        Source(name="good.yaml", text=TEXT),
        Source(name="a.yaml", text=wrong.replace("name: a", "name: b")),
    ]

    with pytest.raises(ManifestError) as raised:
        load(sources)

    assert [str(problem.origin) for problem in raised.value.problems] == ["z.yaml:2:1", "z.yaml:6:14", "a.yaml:4:14"]


def test_an_object_in_two_sources_is_refused() -> None:
    text = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec: {host: a.b}\n"

    with pytest.raises(ManifestError, match=r"^b\.yaml:1:1: .* The first is at a\.yaml:1:1"):
        load([Source(name="a.yaml", text=text), Source(name="b.yaml", text=text)])


def test_an_unknown_release_is_refused_even_for_nothing() -> None:
    with pytest.raises(InputError):
        load([], istio="1.99")


def test_without_libyaml_the_same_is_read() -> None:
    def composed(composer: type) -> tuple[list[str], list[str]]:
        problems: list[Problem] = []
        text = TEXT + "---\na: [\n---\nb: " + "[" * 2000 + "]" * 2000 + "\n---\nc: d\n"
        found = documents(Source(name="a", text=text), problems, composer=composer)
        places = [str(document.origin(document.root)) for document in found if document.root is not None]
        return places, [f"{problem.origin.line}" for problem in problems]

    assert composed(PurePythonComposer) == composed(FASTEST)
