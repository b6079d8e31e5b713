"""What one call meets, as plain values: the answer of `unstale route -o json`, and what its text is made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unstale.envoy.filter_chain import parts_named_in
from unstale.envoy.resource import Json, Kind, Origins, Resources, Traced
from unstale.explanation.cluster import cluster_facts, pipe_facts
from unstale.explanation.fact import Fact
from unstale.explanation.route import route_facts
from unstale.istio.message import Message
from unstale.model.origin import Origin
from unstale.simulation.call import Call
from unstale.simulation.outcome import Answered, Closed, Outcome, Piped, Routed, Sent, Share
from unstale.simulation.simulate import undecided_of


def call_json(call: Call, outcome: Outcome, resources: Resources, mesh: Message | None = None) -> dict[str, Any]:
    """Step by step in Envoy's order; what the call did not get to is left out."""
    steps: dict[str, Any] = {"connection": _connection(call)}
    if call.request is not None:
        steps["request"] = {"method": call.request.method, "host": call.request.authority, "path": call.request.path}
    if outcome.listener is not None:
        steps["listener"] = {"name": outcome.listener.name, "origins": _places(outcome.listener.origins)}
    if outcome.chain is not None:
        steps["filter_chain"] = _chain(outcome)
    match outcome.end:
        case Routed() as routed:
            steps |= _routed(routed, resources, mesh)
        case Piped(notes=notes, proxy=proxy):
            steps |= {"end": {"kind": "piped", "notes": list(notes)}}
            steps["connection_facts"] = _facts(pipe_facts(proxy, _cluster_of(outcome, resources)))
        case Closed(because=because):
            steps |= {"end": {"kind": "closed", "because": because}}
    speaks_http = isinstance(outcome.end, Routed)
    steps["clusters"] = [_cluster(share, resources, mesh, speaks_http=speaks_http) for share in outcome.clusters]
    return steps


def _connection(call: Call) -> dict[str, Any]:
    connection = call.connection
    shown: dict[str, Any] = {
        "address": str(connection.address) if connection.address else None,
        "port": connection.port,
        "tls": connection.is_tls,
    }
    if connection.is_tls:
        shown["server_name"] = connection.server_name
    return shown


def _chain(outcome: Outcome) -> dict[str, Any]:
    chain, listener = outcome.chain, outcome.listener
    assert chain is not None
    assert listener is not None
    parts = [listener.parts[name] for name in parts_named_in(chain) if name in listener.parts]
    origins = dict.fromkeys(origin for part in parts for origin in part)
    is_default = chain is listener.value.get("default_filter_chain")
    return {
        "name": chain.get("name", ""),
        "match": chain.get("filter_chain_match", {}),
        "default": is_default,
        "origins": _places(origins),
    }


def _routed(routed: Routed, resources: Resources, mesh: Message | None) -> dict[str, Any]:
    steps: dict[str, Any] = {"route_configuration": routed.configuration}
    found = routed.virtual_host
    if found is not None:
        origins = resources.origins_of(Kind.ROUTE, routed.configuration, found.value.get("name", ""))
        steps["virtual_host"] = {
            "name": found.value.get("name", ""),
            "domain": found.domain,
            "origins": _places(origins),
        }
        steps["passed_over"] = [{"name": one.name, "wanted": one.because} for one in routed.passed_over]
    if routed.route is not None:
        steps["route"] = _route(routed, routed.route, mesh)
    match routed.result:
        case Sent() as sent:
            end: dict[str, Any] = {"kind": "sent", "host": sent.authority, "path": sent.path, "notes": list(sent.notes)}
        case Answered() as answered:
            end = {"kind": "answered", "status": answered.status}
            for name in ("location", "body", "because"):
                if getattr(answered, name):
                    end[name] = getattr(answered, name)
    return {**steps, "end": end}


def _route(routed: Routed, route: Json, mesh: Message | None) -> dict[str, Any]:
    return {
        "name": route.get("name", ""),
        "number": routed.place,
        "match": route.get("match", {}),
        "undecided": list(undecided_of(routed)),
        "origin": str(origin) if (origin := made_by(route)) else None,
        "facts": _facts(route_facts(route, mesh)),
    }


def made_by(value: Json) -> Origin | None:
    """Where the closest of Istio's messages behind it starts."""
    return value.sources[0].origin if isinstance(value, Traced) and value.sources else None


def _cluster_of(outcome: Outcome, resources: Resources) -> Json:
    cluster = resources.find(Kind.CLUSTER, outcome.clusters[0].cluster)
    return cluster.value if cluster else {}


def _cluster(share: Share, resources: Resources, mesh: Message | None, *, speaks_http: bool) -> dict[str, Any]:
    cluster = resources.find(Kind.CLUSTER, share.cluster)
    shown: dict[str, Any] = {"name": share.cluster, "share": round(share.share, 4)}
    if cluster is None:
        return {**shown, "origins": [], "facts": []}
    return {
        **shown,
        "origins": _places(cluster.origins),
        "facts": _facts(cluster_facts(cluster.value, mesh, speaks_http=speaks_http)),
    }


def _places(origins: Origins | Iterable[Origin]) -> list[str]:
    return [str(origin) for origin in origins]


def _facts(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    return [
        {"name": fact.name, "value": fact.value, "origin": str(fact.origin) if fact.origin else None}
        | ({"because": fact.because} if fact.because else {})
        for fact in facts
    ]
