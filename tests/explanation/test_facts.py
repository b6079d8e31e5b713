"""Every value is led back to the line that says it, or to the one whose default it is."""

from __future__ import annotations

import pytest

from unstale.envoy.inputs import Configuration, Setting, compile_sources
from unstale.envoy.resource import Json, Kind
from unstale.explanation.cluster import cluster_facts, pipe_facts
from unstale.explanation.concerning import concerning, hosts_of
from unstale.explanation.fact import Fact
from unstale.explanation.place import place_in
from unstale.explanation.route import route_facts
from unstale.istio.source import Source

MANIFESTS = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com, other.example.com]
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - {number: 80, name: http, protocol: HTTP}
  - {number: 443, name: tls, protocol: TLS}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api}
spec:
  hosts: [api.example.com]
  http:
  - match:
    - uri: {prefix: /pay}
    timeout: 5s
    retries:
      attempts: 3
      perTryTimeout: 2s
    route: [{destination: {host: api.example.com}}]
  - route: [{destination: {host: api.example.com}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  trafficPolicy:
    connectionPool:
      tcp: {maxConnectionDuration: 30s, idleTimeout: 9s}
    portLevelSettings:
    - port: {number: 80}
      connectionPool:
        http:
          http2MaxRequests: 7
"""
MESH = """\
connectTimeout: 3s
defaultHttpRetryPolicy:
  attempts: 1
  retryOn: reset
"""


@pytest.fixture(scope="module")
def found() -> Configuration:
    setting = Setting(mesh=Source(name="mesh.yaml", text=MESH))
    return compile_sources((Source(name="api.yaml", text=MANIFESTS),), setting)


def routes(found: Configuration) -> list[Json]:
    resource = found.resources.find(Kind.ROUTE, "80")
    assert resource is not None
    host = next(one for one in resource.value["virtual_hosts"] if one["name"] == "api.example.com:80")
    listed: list[Json] = host["routes"]
    return listed


def cluster(found: Configuration, name: str) -> Json:
    resource = found.resources.find(Kind.CLUSTER, name)
    assert resource is not None
    return resource.value


def shown(facts: tuple[Fact, ...]) -> dict[str, tuple[str, str]]:
    return {fact.name: (fact.value, fact.why) for fact in facts}


def test_a_route_that_says_all(found: Configuration) -> None:
    facts = shown(route_facts(routes(found)[0], found.mesh))
    assert facts["time-out"] == ("5s", "api.yaml:20:14")
    assert facts["retries"] == ("at most 3", "api.yaml:22:17")
    assert facts["time-out a try"] == ("2s", "api.yaml:23:22")
    assert facts["back-off"] == ("0.025s", "Envoy's default")


def test_a_route_that_says_nothing_follows_the_mesh(found: Configuration) -> None:
    facts = shown(route_facts(routes(found)[1], found.mesh))
    assert facts["time-out"] == ("none", "Istio's default")
    assert facts["retries"] == ("at most 1", "mesh.yaml:3:13")


def test_a_port_has_its_own_policy_and_the_mesh_the_rest(found: Configuration) -> None:
    facts = shown(cluster_facts(cluster(found, "outbound|80||api.example.com"), found.mesh))
    assert facts["connect time-out"] == ("3s", "mesh.yaml:1:17")
    assert facts["max requests"] == ("7", "api.yaml:39:29")
    assert facts["connection lives"] == ("as long as it is used", "Envoy's default")
    assert facts["discovery"] == ("STRICT_DNS", "api.yaml:7:15")


def test_a_pipe_takes_its_times_from_the_rule(found: Configuration) -> None:
    listener = next(one for one in found.resources.listeners if one.name == "0.0.0.0_443")
    chain = listener.value["filter_chains"][0]
    proxy = chain["filters"][0]["typed_config"]
    facts = shown(pipe_facts(proxy, cluster(found, "outbound|443||api.example.com")))
    assert facts["idle time-out"] == ("9s", "api.yaml:34:54")
    assert facts["connection lives"] == ("30s", "api.yaml:34:36")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("routes[0].route.timeout", "api.yaml:20:14"),
        ("routes[0].route.retry_policy.per_try_timeout", "api.yaml:23:22"),
        ("routes[0].match.prefix", "api.yaml:19:12"),
        ("routes[0].decorator", "api.yaml:19:7"),
        ("routes[1].route.timeout", "api.yaml:25:5"),
        ("domains", None),
    ],
)
def test_a_place_in_the_configuration_leads_to_a_line(found: Configuration, path: str, expected: str | None) -> None:
    number = int(path[7]) if path.startswith("routes") else 0
    steps = ("routes", number) if path.startswith("routes") else (path,)
    place = place_in({"routes": routes(found), "domains": []}, path, steps)
    assert (str(place) if place else None) == expected


def test_only_what_concerns_a_host_is_kept(found: Configuration) -> None:
    kept = concerning(found.resources, "OTHER.example.com")
    assert [one.name for one in kept.clusters] == ["outbound|80||other.example.com", "outbound|443||other.example.com"]
    assert [host["name"] for one in kept.routes for host in one.value["virtual_hosts"]] == ["other.example.com:80"]
    assert [(one.name, len(one.value["filter_chains"])) for one in kept.listeners] == [
        ("0.0.0.0_80", 1),
        ("0.0.0.0_443", 1),
    ]
    assert concerning(found.resources, "nobody.example.com").clusters == ()


def test_hosts_are_listed_once(found: Configuration) -> None:
    assert list(hosts_of(found.resources)) == ["api.example.com", "other.example.com"]
