"""Blocks and patches are put where they hold, and comments stay."""

from __future__ import annotations

import yaml
from fixing import fixed

from unstale.istio.source import Source
from unstale.remedy.facts import HostFacts
from unstale.remedy.fix import Fixed, fix


def _only(code: str, text: str) -> Fixed:
    return fix([Source(name="a.yaml", text=text)], known=HostFacts(host=""), codes=[code])


_PATCHES = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: tls
  namespace: shop
spec:
  configPatches:
  - applyTo: CLUSTER   # the cluster
    match:
      context: SIDECAR_OUTBOUND
      cluster: {service: api.example.com}
    patch:
      operation: MERGE
      value:
        # soon
        dns_refresh_rate: 5s
        transport_socket: {name: envoy.transport_sockets.tls}   # the socket
"""


def test_what_stands_beside_a_socket_gets_a_patch_of_its_own() -> None:
    result = fixed(_PATCHES)
    after = result.sources[0].text
    first, second = (one["patch"]["value"] for one in yaml.safe_load(after)["spec"]["configPatches"])
    assert first == {"transport_socket": {"name": "envoy.transport_sockets.tls"}}
    assert second == {"dns_refresh_rate": "5s"}
    assert "# the cluster" in after and "# the socket" in after
    assert {step.finding.code for step in result.steps} == {"UNS703"}


def test_an_old_name_of_a_filter_is_written_as_it_is_now() -> None:
    text = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: lua, namespace: shop}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      listener:
        filterChain:
          filter:
            name: envoy.http_connection_manager   # as in old guides
            subFilter: {name: envoy.rate_limit}
    patch: {operation: REMOVE}
"""
    after = fixed(text).sources[0].text
    assert "name: envoy.filters.network.http_connection_manager   # as in old guides\n" in after
    assert "subFilter: {name: envoy.filters.http.ratelimit}" in after


_RULE = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  location: MESH_EXTERNAL
  resolution: DNS_ROUND_ROBIN
  ports:
  - {number: 80, name: http, protocol: HTTP}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api.example.com
  trafficPolicy:
    connectionPool:   # limits
      tcp: {maxConnectionDuration: 300s, connectTimeout: 1s}
      http: {idleTimeout: 50s}
    portLevelSettings:
    - port: {number: 80}
      outlierDetection: {consecutive5xxErrors: 5, minHealthPercent: 50}   # per port
"""


def test_a_port_gets_the_blocks_that_it_does_not_inherit() -> None:
    after = _only("UNS408", _RULE).sources[0].text
    policy = list(yaml.safe_load_all(after))[1]["spec"]["trafficPolicy"]
    assert policy["portLevelSettings"][0]["connectionPool"] == policy["connectionPool"]
    assert "connectionPool:   # limits\n" in after and "# per port" in after


def test_whether_a_port_shall_be_encrypted_is_left_to_people() -> None:
    text = _RULE.replace("    portLevelSettings", "    tls: {mode: SIMPLE}\n    portLevelSettings")
    result = fixed(text)
    assert "UNS408" in {left.finding.code for left in result.left}
    policy = list(yaml.safe_load_all(result.sources[0].text))[1]["spec"]["trafficPolicy"]
    assert "tls" not in policy["portLevelSettings"][0]


def test_tls_of_the_wildcard_is_repeated_for_the_host() -> None:
    wide = _RULE.split("---\n")[1].split("  trafficPolicy")[0].replace("api.example.com", '"*.example.com"')
    wide = wide.replace("name: api", "name: all") + "  trafficPolicy: {tls: {mode: SIMPLE, sni: a.example.com}}\n"
    narrow = _RULE.split("    portLevelSettings")[0].replace("protocol: HTTP", "protocol: HTTP, targetPort: 443")
    result = _only("UNS216", f"{narrow}---\n{wide}")
    assert [step.finding.code for step in result.steps] == ["UNS216"]
    policy = list(yaml.safe_load_all(result.sources[0].text))[1]["spec"]["trafficPolicy"]
    assert policy["tls"]["mode"] == "SIMPLE" and policy["tls"]["sni"] == "a.example.com"
