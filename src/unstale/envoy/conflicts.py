"""Objects that want the same: which of them counts, and where the other one is.

Istio settles these by age and tells nobody. Where two are of the same second it settles some of them by chance; here
the name does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from unstale.envoy.config_object import age
from unstale.envoy.export_to import resolved
from unstale.envoy.host import fqdn
from unstale.envoy.listener import Listener
from unstale.envoy.locality import overlap
from unstale.envoy.scope import Scope
from unstale.envoy.service import UNSPECIFIED, Service, name_of
from unstale.istio.destination_rule import DestinationRule, LoadBalancerSettings
from unstale.istio.mesh import MeshConfig
from unstale.istio.message import origin_of
from unstale.istio.service_entry import ServiceEntry
from unstale.model.origin import Origin
from unstale.model.problem import Problem, Severity


def conflicts(scope: Scope, rules: Sequence[DestinationRule]) -> Iterator[tuple[str, Problem]]:
    """One warning for each object or host that does not get what it says, with that host in lower case."""
    for host, definitions in scope.registry.definitions.items():
        if len(definitions) > 1:
            yield from ((host, problem) for problem in _ports(definitions))
    yield from _virtual_services(scope)
    yield from _destination_rules(rules, scope.mesh)
    yield from _shares(rules)
    yield from _addresses(scope.registry.services)


def _ports(definitions: Sequence[Service]) -> Iterator[Problem]:
    """SC-3: the cluster is the older one's, the listener and the routes are the younger one's."""
    older: dict[int, Service] = {}
    for service in definitions:
        for port in service.entry.ports:
            first = older.setdefault(port.number, service)
            if first.entry is not service.entry:
                yield _warning(
                    port.origin,
                    f"{service.host} has port {port.number} of {_kind(first.entry)} too",
                    "The cluster is that of the older definition, listener and routes are those of the younger.",
                )


def _virtual_services(scope: Scope) -> Iterator[tuple[str, Problem]]:
    """SC-5."""
    for host, routings in scope.virtual_services.by_host.values.items():
        for kind in ("http", "tls", "tcp"):
            rivals = [routing.spec for routing in routings if getattr(routing.spec, kind)]
            for spec in rivals[1:]:
                first = rivals[0]
                older = f"VirtualService {name_of(first.metadata)} ({first.origin})"
                what = f"the {kind} rules for {host} compete with {older}"
                allowed = "Sidecars do not merge them: the first object that has a route for the pod and port decides."
                yield host, _warning(spec.origin, what, allowed)


def _destination_rules(rules: Sequence[DestinationRule], mesh: MeshConfig) -> Iterator[tuple[str, Problem]]:
    """SC-7."""
    seen: dict[tuple[str, str, object], DestinationRule] = {}
    for rule in sorted(rules, key=lambda one: (age(one.metadata), name_of(one.metadata))):
        namespace = rule.metadata.namespace
        selector = tuple(sorted(rule.workload_selector.match_labels.items())) if rule.workload_selector else None
        host = fqdn(rule.host, namespace)
        first = seen.setdefault((namespace, host, selector), rule)
        if first is not rule:
            yield from ((host, problem) for problem in _rule(rule, first, mesh))


def _rule(rule: DestinationRule, first: DestinationRule, mesh: MeshConfig) -> Iterator[Problem]:
    namespace, default = rule.metadata.namespace, mesh.default_destination_rule_export_to
    older = f"DestinationRule {name_of(first.metadata)} ({first.origin})"
    if resolved(rule.export_to, namespace, default) != resolved(first.export_to, namespace, default):
        what = f"exportTo is not that of {older} for the same host"
        yield _warning(origin_of(rule, "export_to"), what, "The rules are not merged, only the youngest counts.")
        return
    if rule.traffic_policy is not None and first.traffic_policy is not None:
        what = f"trafficPolicy has no effect, {older} has one for the same host"
        yield _warning(origin_of(rule, "traffic_policy"), what, "Only subsets are added to those of the older rule.")
    known = {subset.name for subset in first.subsets}
    for subset in rule.subsets:
        if subset.name in known:
            what = f"subset has no effect, {older} has it too ({subset.name})"
            yield _warning(subset.origin, what, "A name counts once for a host.")


def _shares(rules: Iterable[DestinationRule]) -> Iterator[tuple[str, Problem]]:
    """A locality named by two shares goes to the one that Istio looks at first, by chance; here to the first one."""
    for rule in rules:
        for settings in _load_balancers(rule):
            locality = settings.locality_lb_setting
            for share in locality.distribute if locality else ():
                for first, second in combinations(share.to, 2):
                    if overlap(first, second):
                        yield (
                            fqdn(rule.host, rule.metadata.namespace),
                            _warning(
                                origin_of(share, "to"),
                                f"{second} overlaps with {first}",
                                "Which of the two shares counts is left to chance in Istio. Name each locality once.",
                            ),
                        )


def _load_balancers(rule: DestinationRule) -> Iterator[LoadBalancerSettings]:
    for policy in (rule.traffic_policy, *(subset.traffic_policy for subset in rule.subsets)):
        if policy is not None:
            found = (policy.load_balancer, *(entry.load_balancer for entry in policy.port_level_settings))
            yield from (settings for settings in found if settings is not None)


def claims_refused(listener: Listener) -> Iterator[Problem]:
    """LI-6: of two hosts that claim the same bytes on a listener."""
    for kept, dropped in listener.refused:
        if not dropped.origins or kept.clusters == dropped.clusters:
            continue
        places = ", ".join(str(origin) for origin in kept.origins)
        yield _warning(
            dropped.origins[0],
            f"connections to {listener.name} go to {', '.join(kept.clusters)}, not to {', '.join(dropped.clusters)}",
            f"The host at {places} claims the same address and port. Give one an address or a port of its own.",
        )


def _addresses(services: Iterable[Service]) -> Iterator[tuple[str, Problem]]:
    """One address is a name of one virtual host only; which one, Istio leaves to chance."""
    owners: dict[tuple[int, str], Service] = {}
    told: set[tuple[str, str]] = set()
    for service in services:
        if service.address == UNSPECIFIED:
            continue
        for port in service.ports:
            first = owners.setdefault((port.number, service.address), service) if port.protocol.is_http else service
            if first.key != service.key and (first.key, service.key) not in told:
                told.add((first.key, service.key))
                rivals = f"{service.host} or {first.host} ({first.entry.origin})"
                what = f"requests to {service.address} may mean {rivals}"
                allowed = "Where a request names neither host, Istio chooses one by chance. Give each its own address."
                yield service.key, _warning(origin_of(service.entry, "addresses"), what, allowed)


def _kind(entry: ServiceEntry) -> str:
    return f"ServiceEntry {name_of(entry.metadata)} ({entry.origin})"


def _warning(origin: Origin, what: str, allowed: str) -> Problem:
    return Problem(origin=origin, what=what, allowed=allowed, severity=Severity.WARNING)
