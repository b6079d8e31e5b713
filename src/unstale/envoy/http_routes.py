"""Envoy's routes from the `http` rules of one VirtualService, and the default route of a host without one (RT)."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy import cluster_name, hash_policy
from unstale.envoy.cors import FILTER as CORS_FILTER
from unstale.envoy.cors import cors
from unstale.envoy.fault import FILTER as FAULT_FILTER
from unstale.envoy.fault import fault
from unstale.envoy.headers import append_header_fields, authority, header_fields
from unstale.envoy.local_answer import direct_response, is_known_redirect, redirect
from unstale.envoy.mirror import mirror_policies
from unstale.envoy.resource import Json, Traced, istio_metadata
from unstale.envoy.retry import retry_policy
from unstale.envoy.route_match import is_catch_all, is_for, path_of, route_match
from unstale.envoy.scope import Scope
from unstale.envoy.service import Service
from unstale.envoy.virtual_services import Routing
from unstale.istio.virtual_service import Destination, HTTPMatchRequest, HTTPRoute, HTTPRouteDestination

_NO_TIMEOUT = "0s"


def default_route(scope: Scope, service: Service, port: int) -> Json:
    """All requests to the host itself, with the default retries (RT-3)."""
    action: Json = _action(cluster_name.outbound(service.key, port), _NO_TIMEOUT)
    policy = retry_policy(scope.mesh.default_http_retry_policy)
    if policy is not None:
        action["retry_policy"] = policy
    hashing = hash_policy.for_service(scope, service, port)
    if hashing is not None:
        action["hash_policy"] = [hashing]
    route: Json = {
        "name": "default",
        "match": {"prefix": "/"},
        "route": action,
        "decorator": {"operation": f"{service.key}:{port}/*"},
    }
    return Traced(route, service.entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRoutes:
    """The `http` rules of one VirtualService on one listener port."""

    scope: Scope
    routing: Routing
    listener_port: int

    def routes(self) -> list[Json]:
        """In the order of the rules, up to the first that matches everything; empty where none is for this pod."""
        routes: list[Json] = []
        for rule in self.routing.spec.http:
            for match in rule.match or (None,):
                if match is not None and not is_for(match, self.scope.proxy, self.listener_port):
                    continue
                routes.append(self._route(rule, match))
                if is_catch_all(routes[-1]["match"]):
                    return routes
        return routes

    def _route(self, rule: HTTPRoute, match: HTTPMatchRequest | None) -> Json:
        made: Json = {
            "match": route_match(match),
            "metadata": istio_metadata(config=self.routing.config),
            **header_fields(rule.headers),
        }
        route = Traced(made, match, rule, self.routing.spec)
        name = rule.name or ""
        if match is not None and match.name:
            name = f"{name}.{match.name}"
        if name:
            route["name"] = name
        if match is not None and match.stat_prefix:
            route["stat_prefix"] = match.stat_prefix
        self._add_action(route, rule)
        route["decorator"] = {"operation": self._operation(route, rule)}
        filters = {
            FAULT_FILTER: fault(rule.fault) if rule.fault else None,
            CORS_FILTER: cors(rule.cors_policy) if rule.cors_policy else None,
        }
        if any(filters.values()):
            route["typed_per_filter_config"] = {key: value for key, value in filters.items() if value}
        return route

    def _add_action(self, route: Json, rule: HTTPRoute) -> None:
        if rule.redirect is not None:
            if is_known_redirect(rule.redirect.redirect_code):
                route["redirect"] = redirect(rule.redirect, self.listener_port)
        elif rule.direct_response is not None:
            route["direct_response"] = direct_response(rule.direct_response)
        else:
            route["route"] = self._forward(route, rule)

    def _forward(self, route: Json, rule: HTTPRoute) -> Json:
        action = _action(None, rule.timeout.protobuf if rule.timeout else _NO_TIMEOUT)
        hashes = {id(split): self._hash(split.destination) for split in rule.route}
        is_hashed = len(rule.route) == 1 and hashes[id(rule.route[0])] is not None
        policy = retry_policy(
            rule.retries if rule.retries is not None else self.scope.mesh.default_http_retry_policy,
            is_hashed=is_hashed,
        )
        if policy is not None:
            action["retry_policy"] = policy
        if rule.rewrite is not None and self.scope.proxy_headers.forwards_host:
            action["append_x_forwarded_host"] = True
        _rewrite(action, rule)
        mirrors = mirror_policies(rule, self._cluster, keeps_host=self.scope.release.keeps_mirrored_host)
        if mirrors:
            action["request_mirror_policies"] = mirrors
        self._add_clusters(route, action, rule)
        used = [split for split in rule.route if len(rule.route) == 1 or split.weight]
        policies = [value for split in used if (value := hashes[id(split)]) is not None]
        if policies:
            action["hash_policy"] = policies
        return action

    def _add_clusters(self, route: Json, action: Json, rule: HTTPRoute) -> None:
        """A split stays one even if a single destination has any weight (RT-14)."""
        if len(rule.route) == 1:
            only = rule.route[0]
            action["cluster"] = self._cluster(only.destination)
            append_header_fields(route, only.headers)
            host = authority(only.headers)
            if host:
                action.setdefault("host_rewrite_literal", host)
            return
        action["weighted_clusters"] = {"clusters": [self._weighted(split) for split in rule.route if split.weight]}

    def _weighted(self, split: HTTPRouteDestination) -> Json:
        value: Json = {
            "name": self._cluster(split.destination),
            "weight": split.weight,
            **header_fields(split.headers),
        }
        host = authority(split.headers)
        if host:
            value["host_rewrite_literal"] = host
        return value

    def _hash(self, destination: Destination) -> Json | None:
        return hash_policy.for_destination(self.scope, self.routing.destination_host(destination.host), destination)

    def _cluster(self, destination: Destination) -> str:
        """The listener's port unless the destination names one (RT-9)."""
        host = self.routing.destination_host(destination.host)
        return cluster_name.outbound(host, self._port(host, destination), destination.subset)

    def _port(self, host: str, destination: Destination) -> int:
        """On a proxy port, which is 0 here, the only port that the host has."""
        service = self.scope.registry.find(host) if not self.listener_port else None
        only = service.ports[0].number if service is not None and len(service.ports) == 1 else self.listener_port
        return destination.port or only

    def _operation(self, route: Json, rule: HTTPRoute) -> str:
        """The name of the route in traces."""
        path = path_of(route["match"])
        if "cluster" not in route.get("route", {}):
            return f"{self.routing.spec.metadata.name}:{self.listener_port}{path}"
        destination = rule.route[0].destination
        host = self.routing.destination_host(destination.host)
        return f"{host}:{self._port(host, destination)}{path}"


def _action(cluster: str | None, timeout: str) -> Json:
    """Unset time-outs are said as 0, or Envoy's own of 15 s would hold (RT-11)."""
    target: Json = {} if cluster is None else {"cluster": cluster}
    return {**target, "timeout": timeout, "max_grpc_timeout": timeout}


def _rewrite(action: Json, rule: HTTPRoute) -> None:
    """The text is taken as it is, for exact and regex matches too (RT-12)."""
    host = authority(rule.headers)
    if rule.rewrite is not None:
        host = rule.rewrite.authority or host
        regex = rule.rewrite.uri_regex_rewrite
        if regex is not None:
            action["regex_rewrite"] = {
                "pattern": {"regex": regex.match or ""},
                "substitution": regex.rewrite or "",
            }
        elif rule.rewrite.uri:
            action["prefix_rewrite"] = rule.rewrite.uri
    if host:
        action["host_rewrite_literal"] = host
