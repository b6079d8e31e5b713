"""What Istio accepts and does nothing with, or what Envoy then refuses: told, so that nothing is lost silently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unstale.envoy.host import fqdn
from unstale.envoy.local_answer import is_known_redirect
from unstale.envoy.release import Release
from unstale.istio.destination_rule import DestinationRule, PortTrafficPolicy, TrafficPolicy
from unstale.istio.manifests import Manifests
from unstale.istio.message import Message, origin_of
from unstale.istio.service_entry import Resolution, ServiceEntry
from unstale.istio.virtual_service import VirtualService
from unstale.model.problem import Problem, Severity


def not_applied(manifests: Manifests, release: Release) -> Iterator[tuple[str, Problem]]:
    """The warnings about each object, with the host that it is first about, in lower case."""
    for entry in manifests.service_entries:
        yield from _owned(entry.hosts[0].lower() if entry.hosts else "", _service_entry(entry, release))
    for service in manifests.virtual_services:
        yield from _owned(owner_of(service), _virtual_service(service))
    for rule in manifests.destination_rules:
        yield from _owned(fqdn(rule.host, rule.metadata.namespace), _destination_rule(rule, release))


def owner_of(service: VirtualService) -> str:
    """The first host of a VirtualService; a delegate has none, but a name that no host can have."""
    metadata = service.metadata
    return fqdn(service.hosts[0], metadata.namespace) if service.hosts else f"{metadata.namespace}/{metadata.name}"


def _owned(owner: str, problems: Iterable[Problem]) -> Iterator[tuple[str, Problem]]:
    return ((owner, problem) for problem in problems)


def _service_entry(entry: ServiceEntry, release: Release) -> Iterator[Problem]:
    if entry.resolution is Resolution.DYNAMIC_DNS and not release.looks_up_wildcards:
        consequence = "Routes and chains lead to a cluster that is not there: requests end with 503."
        yield _problem(entry, "resolution", entry.resolution, f"by sidecars of Istio {release}", consequence)
    for endpoint in entry.endpoints:
        if endpoint.network:
            consequence = "Gateways of other networks are not known here, the address is used as it is."
            yield _problem(endpoint, "network", endpoint.network, "here", consequence)


def _virtual_service(service: VirtualService) -> Iterator[Problem]:
    for rule in service.http:
        if rule.redirect is not None and not is_known_redirect(rule.redirect.redirect_code):
            yield Problem(
                origin=origin_of(rule.redirect, "redirect_code"),
                what=f"redirectCode is not one that Envoy has ({rule.redirect.redirect_code})",
                allowed="Envoy refuses the whole route configuration. Write 301, 302, 303, 307 or 308.",
                severity=Severity.WARNING,
            )


def _destination_rule(rule: DestinationRule, release: Release) -> Iterator[Problem]:
    for policy in (rule.traffic_policy, *(subset.traffic_policy for subset in rule.subsets)):
        if policy is not None:
            yield from _policy(policy, release)
            for entry in policy.port_level_settings:
                yield from _policy(entry, release)


def _policy(policy: TrafficPolicy | PortTrafficPolicy, release: Release) -> Iterator[Problem]:
    if policy.load_balancer is not None and policy.load_balancer.backend_utilization is not None:
        yield _problem(
            policy.load_balancer,
            "backend_utilization",
            "",
            f"by Istio {release}",
            "It uses LEAST_REQUEST in its place.",
        )
    outlier = policy.outlier_detection
    if outlier is not None and outlier.outlier_detection_http_error_codes and not release.matches_error_codes:
        codes = ", ".join(map(str, outlier.outlier_detection_http_error_codes))
        consequence = "Every answer with a 5xx status counts."
        yield _problem(outlier, "outlier_detection_http_error_codes", codes, f"by Istio {release}", consequence)


def _problem(message: Message, attribute: str, value: str, by: str, consequence: str) -> Problem:
    head, *rest = attribute.split("_")
    name = head + "".join(word.capitalize() for word in rest)
    return Problem(
        origin=origin_of(message, attribute),
        what=f"{name} is not applied {by}" + (f" ({value})" if value else ""),
        allowed=consequence,
        severity=Severity.WARNING,
    )
