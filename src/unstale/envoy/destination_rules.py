"""Which DestinationRule holds for a host: the first namespace that has any, there the closest host pattern.

Rules of one host in one namespace are merged before they are looked up, and a rule for certain pods stands beside the
general one until the pod is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from unstale.envoy.config_object import age, config_path
from unstale.envoy.export_to import resolved
from unstale.envoy.host import HostIndex, fqdn
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Origins
from unstale.envoy.service import Service
from unstale.istio.destination_rule import DestinationRule, PodSelector, Subset, TrafficPolicy
from unstale.istio.mesh import MeshConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One or more DestinationRules of the same host, namespace and visibility; `name` is that of the oldest."""

    name: str
    namespace: str
    traffic_policy: TrafficPolicy | None
    subsets: tuple[Subset, ...]
    selector: PodSelector | None
    exported_to: frozenset[str]
    origins: Origins

    @property
    def config(self) -> str:
        """Istio's mark."""
        return config_path("destination-rule", self.namespace, self.name)

    def merged_with(self, other: Rule) -> Rule:
        """SC-7: the first policy stays whole, subsets are added, a name counts once."""
        known = {subset.name for subset in self.subsets}
        return replace(
            self,
            traffic_policy=self.traffic_policy or other.traffic_policy,
            subsets=self.subsets + tuple(subset for subset in other.subsets if subset.name not in known),
            origins=self.origins + other.origins,
        )


Rules = HostIndex[list[Rule]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRules:
    """All rules, by the way in which a namespace may see them."""

    proxy: Proxy
    root_namespace: str
    local: dict[str, Rules] = field(default_factory=dict)
    exported: dict[str, Rules] = field(default_factory=dict)
    private_root: Rules = field(default_factory=HostIndex)
    _found: dict[tuple[str, str], Rule | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def find(self, service: Service) -> Rule | None:
        """SC-6: own namespace, the service's, the root namespace; the first that has any decides."""
        key = (service.key, service.namespace)
        if key not in self._found:
            self._found[key] = self._find(service)
        return self._found[key]

    def _find(self, service: Service) -> Rule | None:
        own = self.private_root
        if self.proxy.namespace != self.root_namespace:
            own = self.local.get(self.proxy.namespace, HostIndex())
        rules = own.most_specific(service.key)
        if rules is None:
            rules = self._exported(service.namespace, service) or self._exported(self.root_namespace, service)
        return self._for_proxy(rules or [])

    def _exported(self, namespace: str, service: Service) -> list[Rule]:
        rules = self.exported.get(namespace, HostIndex()).most_specific(service.key) or []
        return [rule for rule in rules if not rule.exported_to.isdisjoint({"*", self.proxy.namespace})]

    def _for_proxy(self, rules: Sequence[Rule]) -> Rule | None:
        """SC-8: a rule for this pod, else the youngest for all."""
        general = None
        for rule in rules:
            if rule.selector is None:
                general = rule
            elif rule.namespace == self.proxy.namespace and self.proxy.matches(rule.selector.match_labels):
                return rule
        return general


def build_destination_rules(rules: Iterable[DestinationRule], proxy: Proxy, mesh: MeshConfig) -> DestinationRules:
    """Merge and index the rules, the oldest first."""
    built = DestinationRules(proxy=proxy, root_namespace=mesh.root_namespace)
    for rule in sorted(rules, key=lambda r: (age(r.metadata), f"{r.metadata.name}.{r.metadata.namespace}")):
        namespace, host = rule.metadata.namespace, fqdn(rule.host, rule.metadata.namespace)
        one = _rule(rule, mesh)
        _add(built.local.setdefault(namespace, HostIndex()), host, one)
        is_private = one.selector is not None or one.exported_to == {namespace}
        if not is_private:
            _add(built.exported.setdefault(namespace, HostIndex()), host, one)
        elif namespace == mesh.root_namespace:
            _add(built.private_root, host, one)
    return built


def _rule(rule: DestinationRule, mesh: MeshConfig) -> Rule:
    namespace = rule.metadata.namespace
    return Rule(
        name=rule.metadata.name,
        namespace=namespace,
        traffic_policy=rule.traffic_policy,
        subsets=rule.subsets,
        selector=rule.workload_selector,
        exported_to=resolved(rule.export_to, namespace, mesh.default_destination_rule_export_to),
        origins=(rule.origin,),
    )


def _add(index: Rules, host: str, rule: Rule) -> None:
    rules = index.setdefault(host, [])
    for at, known in enumerate(rules):
        if known.selector == rule.selector and known.exported_to == rule.exported_to:
            rules[at] = known.merged_with(rule)
            return
    rules.append(rule)
