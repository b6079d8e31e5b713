"""consistentHash on routes: what of a request decides about the endpoint (LB-1).

A VirtualService's route takes a port's hash only where its destination names the port; without a VirtualService the
port of the host counts.
"""

from __future__ import annotations

from unstale.envoy.resource import Json
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.istio.destination_rule import ConsistentHashLB, LoadBalancerSettings, TrafficPolicy
from unstale.istio.virtual_service import Destination


def for_destination(scope: Scope, host: str, destination: Destination) -> Json | None:
    """The policy of one destination; `host` is its full name."""
    service = scope.registry.find(host)
    rule = scope.rules.find(service) if service else None
    if rule is None:
        return None
    subset = next((one.traffic_policy for one in rule.subsets if one.name == destination.subset), None)
    port = destination.port or 0
    candidates = (
        _of_port(subset, port),
        _of(subset),
        _of_port(rule.traffic_policy, port),
        _of(rule.traffic_policy),
    )
    return next((_policy(hashing) for hashing in candidates if hashing is not None), None)


def for_service(scope: Scope, service: Service, port: int) -> Json | None:
    """The policy of a host without a VirtualService."""
    rule = scope.rules.find(service)
    if rule is None:
        return None
    hashing = _of_port(rule.traffic_policy, port) or _of(rule.traffic_policy)
    return _policy(hashing) if hashing else None


def _of(policy: TrafficPolicy | None) -> ConsistentHashLB | None:
    return _hashing(policy.load_balancer) if policy else None


def _of_port(policy: TrafficPolicy | None, port: int) -> ConsistentHashLB | None:
    settings = policy.port_level_settings if policy else ()
    return next((_hashing(entry.load_balancer) for entry in settings if entry.port == port), None)


def _hashing(settings: LoadBalancerSettings | None) -> ConsistentHashLB | None:
    return settings.consistent_hash if settings else None


def _policy(hashing: ConsistentHashLB) -> Json | None:
    if hashing.http_header_name:
        return {"header": {"header_name": hashing.http_header_name}}
    if hashing.http_cookie is not None:
        cookie: Json = {"name": hashing.http_cookie.name}
        if hashing.http_cookie.ttl is not None:
            cookie["ttl"] = hashing.http_cookie.ttl.protobuf
        if hashing.http_cookie.path:
            cookie["path"] = hashing.http_cookie.path
        if hashing.http_cookie.attributes:
            cookie["attributes"] = [
                {"name": one.name, "value": one.value or ""} for one in hashing.http_cookie.attributes
            ]
        return {"cookie": cookie}
    if hashing.use_source_ip is not None:
        return {"connection_properties": {"source_ip": True} if hashing.use_source_ip else {}}
    if hashing.http_query_parameter_name:
        return {"query_parameter": {"name": hashing.http_query_parameter_name}}
    return None
