"""The host through an egress gateway, with retries on one of the two hops only.

What it does
Writes a Gateway, a VirtualService that leads sidecars to the gateway and the gateway to the host, and the limits of
connections for the hop that leaves the mesh. Retries stand at the gateway, whose connections are those that go stale;
the sidecar's hop repeats nothing, or each of its tries would become all of the gateway's.

How it is proved
Unproved: the lab has one proxy. The gateway's own hop is that of the recommended policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest, Value
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.parts.metadata import object_of
from unstale.remedy.parts.retries import http_rules
from unstale.remedy.parts.service_entry import service_entry
from unstale.remedy.remedy import Remedy

_GATEWAY = "istio-egressgateway.istio-system.svc.cluster.local"


def _gateway(facts: HostFacts) -> Manifest:
    server: Value = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [facts.host]}
    spec: Value = {"selector": {"istio": "egressgateway"}, "servers": [server]}
    return object_of("Gateway", facts, spec, suffix="-egress")


def _rules(facts: HostFacts) -> Manifest:
    name = f"{facts.name}-egress"
    to_gateway: Value = {
        "name": "to-the-gateway",
        "match": [{"gateways": ["mesh"], "port": 80}],
        "route": [{"destination": {"host": _GATEWAY, "port": {"number": 80}}}],
        "retries": {"attempts": Because(0, "retries stand at the gateway: on both hops they would multiply")},
    }
    onward = [_at_gateway(rule, name) for rule in http_rules(facts)]
    spec: Value = {"hosts": [facts.host], "gateways": ["mesh", name], "http": [to_gateway, *onward]}
    return object_of("VirtualService", facts, spec)


def _at_gateway(rule: Value, name: str) -> Value:
    assert isinstance(rule, Mapping)
    matches = rule.get("match") or [{}]
    assert isinstance(matches, list)
    return {**rule, "match": [{**match, "gateways": [name]} for match in matches]}


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield service_entry(facts)
    yield _gateway(facts)
    yield _rules(facts)
    yield destination_rule(facts)


REMEDY = Remedy(manifests=_manifests)
