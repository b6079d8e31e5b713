"""One `http` rule of a VirtualService as it works: where it leads, which methods it admits, how it is retried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unstale.envoy.host import fqdn
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json
from unstale.envoy.retry import retry_policy
from unstale.envoy.service import Port, Service
from unstale.envoy.virtual_services import MESH_GATEWAY
from unstale.istio.message import origin_of
from unstale.istio.virtual_service import (
    HTTPMatchRequest,
    HTTPRetry,
    HTTPRoute,
    HTTPRouteDestination,
    StringMatch,
    TCPRoute,
    TLSRoute,
    VirtualService,
)
from unstale.lint.host_port import is_inside
from unstale.model.origin import Origin
from unstale.re2.expression import is_full_match
from unstale.re2.syntax import ExpressionError, compile_expression

if TYPE_CHECKING:
    from unstale.lint.view import View

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods whose repetition changes nothing (RFC 9110, 9.2.2)."""

ONCE_ONLY = frozenset({"POST", "PATCH"})
METHODS = REPEATABLE | ONCE_ONLY
GRPC = (Protocol.GRPC, Protocol.GRPC_WEB)
_GRPC_METHODS = frozenset({"POST"})

AFTER_SENDING = frozenset({"reset", "gateway-error", "5xx"})
"""What of retryOn covers a connection that is cut after the request was sent; measured with Envoy 1.36 to 1.40."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One destination; `service` is None where no ServiceEntry of these files is for it."""

    split: HTTPRouteDestination
    host: str
    service: Service | None
    port: Port | None

    @property
    def is_external(self) -> bool:
        """It is known, and outside of the mesh."""
        return self.service is not None and self.service.is_external and not is_inside(self.host)

    @property
    def is_grpc(self) -> bool:
        """Every request is a POST."""
        ports = [self.port] if self.port else (self.service.ports if self.service else ())
        return bool(ports) and all(port.protocol in GRPC for port in ports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`retries` is what holds: the rule's, else the mesh's; None is Istio's default. `policy` is Envoy's form of it.

    `external` are the destinations outside of the mesh.
    """

    spec: VirtualService
    rule: HTTPRoute
    number: int
    targets: tuple[Target, ...]
    methods: frozenset[str]
    retries: HTTPRetry | None
    policy: Json | None
    is_effective: bool
    external: tuple[Target, ...]

    @property
    def names(self) -> str:
        """The external hosts it leads to."""
        return ", ".join(dict.fromkeys(target.host for target in self.external))

    @property
    def tokens(self) -> frozenset[str]:
        """The words of retryOn, status codes apart; empty where nothing is retried."""
        text = str(self.policy["retry_on"]) if self.policy else ""
        return frozenset(token for token in text.split(",") if token)

    @property
    def has_own_retries(self) -> bool:
        """The rule says itself how it is retried."""
        return self.rule.retries is not None

    @property
    def retry_place(self) -> Origin:
        """Where retryOn is written, or what has none."""
        return self.rule.origin if self.rule.retries is None else origin_of(self.rule.retries, "retry_on")

    @property
    def retries_place(self) -> Origin:
        """Where the retries are written, or the rule that has none."""
        return self.rule.origin if self.rule.retries is None else self.rule.retries.origin

    @property
    def tries(self) -> int:
        """How often a request is sent at most."""
        return 1 + int(self.policy["num_retries"]) if self.policy else 1

    @property
    def timeout_s(self) -> float:
        """Seconds, 0 for none."""
        return self.rule.timeout.seconds if self.rule.timeout else 0.0

    @property
    def try_s(self) -> float:
        """Seconds that one try may take, 0 for as long as it likes."""
        per_try = self.retries.per_try_timeout if self.retries and self.policy else None
        return per_try.seconds if per_try else 0.0


def routes_of(spec: VirtualService, view: View) -> Iterator[Route]:
    """All rules that send requests on."""
    viewer = view.namespace(spec.metadata.namespace)
    is_effective = may_be_called(spec, view)
    left = METHODS
    earlier: list[tuple[HTTPMatchRequest, frozenset[str]]] = []
    for number, rule in enumerate(spec.http):
        methods = _admitted(rule, earlier) & left
        left = left - _taken(rule)
        if len(spec.http) > 1:
            earlier.extend((_without_method(match), matching_methods(match.method)) for match in rule.match)
        if not rule.route:
            continue
        targets = tuple(_target(split, spec, viewer, view) for split in rule.route)
        retries = rule.retries if rule.retries is not None else view.settings.default_http_retry_policy
        external = tuple(target for target in targets if target.is_external)
        if external and all(target.is_grpc for target in external):
            methods = methods & _GRPC_METHODS
        yield Route(
            spec=spec,
            rule=rule,
            number=number,
            targets=targets,
            methods=methods,
            retries=retries,
            policy=retry_policy(retries),
            is_effective=is_effective,
            external=external,
        )


def rules_of(spec: VirtualService) -> tuple[HTTPRoute | TLSRoute | TCPRoute, ...]:
    """All rules, of every kind."""
    return (*spec.http, *spec.tls, *spec.tcp)


def may_be_called(spec: VirtualService, view: View) -> bool:
    """Some request can take its `http` rules: through a gateway, or on a port where a host of it speaks HTTP."""
    if any(gateway != MESH_GATEWAY for gateway in spec.gateways):
        return True
    viewer = view.namespace(spec.metadata.namespace)
    for host in spec.hosts:
        service = view.find(fqdn(host, spec.metadata.namespace), viewer)
        if service is None or any(port.protocol.is_http_or_sniffed for port in service.ports):
            return True
    return False


def _target(split: HTTPRouteDestination, spec: VirtualService, viewer: str, view: View) -> Target:
    host = fqdn(split.destination.host, spec.metadata.namespace)
    service = view.find(host, viewer)
    number = split.destination.port
    if service is None:
        return Target(split=split, host=host, service=None, port=None)
    port = service.port(number) if number else (service.ports[0] if len(service.ports) == 1 else None)
    return Target(split=split, host=host, service=service, port=port)


def _admitted(rule: HTTPRoute, earlier: list[tuple[HTTPMatchRequest, frozenset[str]]]) -> frozenset[str]:
    """The methods that some match of the rule lets through, and that no rule before took under the same conditions."""
    if not rule.match:
        return METHODS
    found: frozenset[str] = frozenset()
    for match in rule.match:
        conditions = _without_method(match) if earlier else match
        taken = frozenset().union(*(methods for same, methods in earlier if same == conditions))
        found |= matching_methods(match.method) - taken
    return found


def _without_method(match: HTTPMatchRequest) -> HTTPMatchRequest:
    """All of its conditions but that on the method."""
    return replace(match, method=None, name=None, stat_prefix=None)


def _taken(rule: HTTPRoute) -> frozenset[str]:
    """The methods of which no request gets past the rule: some match asks for nothing else."""
    if not rule.match:
        return METHODS
    found: frozenset[str] = frozenset()
    for match in rule.match:
        if asks_only_for_method(match):
            found |= matching_methods(match.method)
    return found


def asks_only_for_method(match: HTTPMatchRequest) -> bool:
    """Nothing but the method decides."""
    everything = match.uri is None or match.uri.prefix == "/" or match.uri.regex == ".*"
    others = (match.scheme, match.authority, match.headers, match.query_params, match.without_headers)
    sources = (match.source_labels, match.source_namespace, match.port, match.gateways)
    return everything and not any(others) and not any(sources)


def matching_methods(match: StringMatch | None) -> frozenset[str]:
    """Which methods a condition lets through; all where its expression cannot be read here."""
    if match is None or (match.exact is None and match.prefix is None and match.regex in (None, "", "*")):
        return METHODS
    if match.exact is not None:
        return METHODS & {match.exact}
    if match.prefix is not None:
        prefix = match.prefix
        return frozenset(method for method in METHODS if method.startswith(prefix))
    try:
        expression = compile_expression(match.regex or "")
    except ExpressionError:
        return METHODS
    return frozenset(method for method in METHODS if is_full_match(expression, method))
