"""What Istio accepts but this compiler does not apply yet: told, so that nothing is lost silently.

Where the missing part is about encryption the warning says so, because a measurement without it is one of another
connection.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.local_answer import is_known_redirect
from unstale.istio.destination_rule import (
    ClientTLSSettings,
    DestinationRule,
    LoadBalancerSettings,
    PortTrafficPolicy,
    TLSmode,
    TrafficPolicy,
)
from unstale.istio.manifests import Manifests
from unstale.istio.message import Message, origin_of
from unstale.istio.service_entry import Location, Resolution, ServiceEntry
from unstale.istio.virtual_service import VirtualService
from unstale.model.problem import Problem, Severity

_PLAIN_TEXT = "The sidecar sends plain text on these connections, where Istio's would encrypt them."


def not_applied(manifests: Manifests) -> tuple[Problem, ...]:
    """One warning a place, in the order of the manifests."""
    found: list[Problem] = []
    for entry in manifests.service_entries:
        found.extend(_service_entry(entry))
    for service in manifests.virtual_services:
        found.extend(_virtual_service(service))
    for rule in manifests.destination_rules:
        found.extend(_destination_rule(rule))
    return tuple(dict.fromkeys(found))


def _service_entry(entry: ServiceEntry) -> Iterator[Problem]:
    if entry.resolution is Resolution.DYNAMIC_DNS:
        yield _problem(
            entry,
            "resolution",
            entry.resolution,
            "The hosts are left out; their traffic passes as that of unknown hosts.",
        )
    if entry.location is Location.MESH_INTERNAL:
        yield _problem(
            entry, "location", entry.location, f"Istio would use the mesh's own TLS where it can. {_PLAIN_TEXT}"
        )
    if entry.workload_selector is not None:
        labels = ", ".join(f"{name}: {value}" for name, value in entry.workload_selector.labels.items())
        yield _problem(entry, "workload_selector", labels, "The hosts have no endpoints.")
    for endpoint in entry.endpoints:
        if endpoint.network:
            yield _problem(endpoint, "network", endpoint.network, "The address is used as it is.")


def _virtual_service(service: VirtualService) -> Iterator[Problem]:
    for rule in service.http:
        if rule.delegate is not None:
            yield _problem(rule, "delegate", rule.delegate.name or "", "The rule is left out with all its routes.")
        if rule.redirect is not None and not is_known_redirect(rule.redirect.redirect_code):
            yield Problem(
                origin=origin_of(rule.redirect, "redirect_code"),
                what=f"redirectCode is not one that Envoy has ({rule.redirect.redirect_code})",
                allowed="Envoy refuses the whole route configuration. Write 301, 302, 303, 307 or 308.",
                severity=Severity.WARNING,
            )


def _destination_rule(rule: DestinationRule) -> Iterator[Problem]:
    policies = [rule.traffic_policy, *(subset.traffic_policy for subset in rule.subsets)]
    for policy in policies:
        if policy is None:
            continue
        yield from _traffic_policy(policy)
        for entry in policy.port_level_settings:
            yield from _common_policy(entry)


def _traffic_policy(policy: TrafficPolicy) -> Iterator[Problem]:
    yield from _common_policy(policy)
    if policy.tunnel is not None:
        target = f"{policy.tunnel.target_host}:{policy.tunnel.target_port}"
        yield _problem(policy, "tunnel", target, "Connections go to the host directly.")
    if policy.proxy_protocol is not None:
        version = policy.proxy_protocol.version or "V1"
        yield _problem(policy, "proxy_protocol", version, "No PROXY header is sent.")


def _common_policy(policy: TrafficPolicy | PortTrafficPolicy) -> Iterator[Problem]:
    if _is_encrypting(policy.tls):
        assert policy.tls is not None
        yield _problem(policy, "tls", policy.tls.mode or "", _PLAIN_TEXT)
    if policy.load_balancer is not None:
        yield from _load_balancer(policy.load_balancer)


def _is_encrypting(tls: ClientTLSSettings | None) -> bool:
    return tls is not None and tls.mode not in (None, TLSmode.DISABLE)


def _load_balancer(settings: LoadBalancerSettings) -> Iterator[Problem]:
    locality, zones = settings.locality_lb_setting, settings.zone_aware_lb_setting
    if locality is not None and locality.enabled is not False:
        if locality.distribute:
            yield _problem(locality, "distribute", "", "The endpoints are used by their own weights.")
        if locality.failover_priority:
            labels = ", ".join(locality.failover_priority)
            yield _problem(locality, "failover_priority", labels, "Endpoints are ranked by locality alone.")
    if zones is not None and zones.enabled is not False:
        yield _problem(settings, "zone_aware_lb_setting", "", "All zones are used alike.")
    if settings.backend_utilization is not None:
        yield _problem(settings, "backend_utilization", "", "LEAST_REQUEST is used.")


def _problem(message: Message, attribute: str, value: str, consequence: str) -> Problem:
    head, *rest = attribute.split("_")
    name = head + "".join(word.capitalize() for word in rest)
    return Problem(
        origin=origin_of(message, attribute),
        what=f"{name} is not applied yet" + (f" ({value})" if value else ""),
        allowed=consequence,
        severity=Severity.WARNING,
    )
