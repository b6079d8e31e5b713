"""EnvoyFilters for what no field of Istio's says: how soon DNS is asked again, and when silence is a dead connection.

An answer with a time to live of 0 is asked for again only after the mesh's `dnsRefreshRate`, a minute by default, and
so is one without addresses where the resolution is DNS. And where packets vanish, a request that is under way waits for
its time-out: TCP repeats in silence for a quarter of an hour. TCP_USER_TIMEOUT ends the connection when nothing was
acknowledged for two seconds. A slow server does acknowledge, so slow answers are not cut, as a time-out of a try would.

Istio warns of every EnvoyFilter, for what it patches may change with any release. So one is written where the manifests
would have a pitfall without it, and otherwise only where it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest, Value, seconds
from unstale.remedy.parts.metadata import object_of

LONGEST_S = 10.0
_USUAL_S = 5.0
_SILENCE_MS = 2000
_IPPROTO_TCP, _TCP_USER_TIMEOUT = 6, 18
"""Linux: include/uapi/linux/in.h and tcp.h."""


def envoy_filter(facts: HostFacts) -> Manifest | None:
    """The whole object for a host; None where it needs none, and for a wildcard, whose clusters have other names."""
    if facts.host.startswith("*"):
        return None
    values: dict[str, Value] = {}
    if facts.dns_refresh_s > LONGEST_S and (facts.ttl_s == 0 or not facts.keeps_addresses):
        values["dns_refresh_rate"] = _rate(facts)
    if facts.is_patched:
        values["upstream_bind_config"] = _ends_in_silence()
    return _filter(facts, [_patch(facts.host, values)], "-connections") if values else None


def dns_refresh_filter(facts: HostFacts, hosts: Iterable[str]) -> Manifest:
    """DNS asked again soon, for the clusters of these hosts."""
    return _filter(facts, [_patch(host, {"dns_refresh_rate": _rate(facts)}) for host in hosts], "-dns-refresh")


def _filter(facts: HostFacts, patches: list[Value], suffix: str) -> Manifest:
    group = "networking.istio.io/v1alpha3"
    return object_of("EnvoyFilter", facts, {"configPatches": patches}, suffix=suffix, group=group)


def _rate(facts: HostFacts) -> Value:
    rate = seconds(min(_USUAL_S, max(1.0, facts.ttl_s if facts.ttl_s else _USUAL_S)))
    when = "a TTL of 0" if facts.ttl_s == 0 else "an answer without addresses"
    return Because(rate, f"after {when}; otherwise the TTL decides")


def _ends_in_silence() -> Value:
    option: Value = {
        "description": "TCP_USER_TIMEOUT",
        "level": _IPPROTO_TCP,
        "name": _TCP_USER_TIMEOUT,
        "int_value": Because(_SILENCE_MS, "milliseconds without an acknowledgement; a slow server does acknowledge"),
        "state": "STATE_PREBIND",
    }
    return {"socket_options": [option]}


def _patch(host: str, values: Value) -> Value:
    return {
        "applyTo": "CLUSTER",
        "match": {"context": "SIDECAR_OUTBOUND", "cluster": {"service": host}},
        "patch": {"operation": "MERGE", "value": values},
    }
