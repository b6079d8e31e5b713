"""The Gateway API's form: an HTTPRoute for the host, split by method.

What it does
Writes a ServiceEntry and an HTTPRoute bound to it, with time-outs. `retry` of an HTTPRoute cannot say `reset`, so it
repeats answers and never a connection that was cut. Where that is needed a VirtualService for the host says it, and the
HTTPRoute has to go, for one host has rules of one kind.

How it is proved
Unproved: the lab translates Istio's own kinds, and the Gateway API has no field for what would have to be shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest, Value, seconds
from unstale.remedy.parts.metadata import object_of
from unstale.remedy.parts.service_entry import service_entry
from unstale.remedy.remedy import Remedy


def _rule(facts: HostFacts, methods: tuple[str, ...]) -> Value:
    backend: Value = {"group": "networking.istio.io", "kind": "Hostname", "name": facts.host, "port": _port(facts)}
    limit = Because(seconds(facts.latency_budget_s), "the longest that a caller waits")
    rule: dict[str, Value] = {"matches": [{"method": method} for method in methods]} if methods else {}
    rule |= {"backendRefs": [backend], "timeouts": {"request": limit}}
    if methods:
        rule["retry"] = {
            "attempts": Because(3, "repeats the answers below, never a connection that was cut"),
            "backoff": "100ms",
            "codes": [502, 503, 504],
        }
    return rule


def _port(facts: HostFacts) -> int:
    return next((port.number for port in facts.read_ports), 80)


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    yield service_entry(facts)
    parent: Value = {"group": "networking.istio.io", "kind": "ServiceEntry", "name": facts.name}
    spec: Value = {"parentRefs": [parent], "rules": [_rule(facts, facts.repeatable), _rule(facts, ())]}
    yield object_of("HTTPRoute", facts, spec, group="gateway.networking.k8s.io/v1")


REMEDY = Remedy(manifests=_manifests)
