"""Which DestinationRule holds for a host, and what it says of each port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from unstale.envoy import traffic_policy
from unstale.envoy.destination_rules import DestinationRules, Rule, build_destination_rules
from unstale.envoy.envoy_filter.patch import Patch
from unstale.envoy.host import HostIndex, fqdn
from unstale.envoy.proxy import Proxy
from unstale.envoy.service import Service
from unstale.envoy.sidecar_choice import sidecar_for, sidecar_policy
from unstale.istio.destination_rule import DestinationRule
from unstale.lint.host_port import HostPort
from unstale.lint.hosts import Hosts
from unstale.lint.policy import Policy


@dataclass(kw_only=True)
class RulesInForce(Hosts):
    """The look-up is the compiler's own; `patches_by_pod` keeps what EnvoyFilters do to clusters, by namespace."""

    patches_by_pod: dict[str, list[Patch]] = field(default_factory=dict)
    _rules: dict[str, DestinationRules] = field(default_factory=dict)
    _policies: dict[tuple[str, str, int], tuple[Policy, ...]] = field(default_factory=dict)

    @cached_property
    def _all_rules(self) -> DestinationRules:
        return build_destination_rules(self.manifests.destination_rules, self.proxy or Proxy(), self.settings)

    def rules_for(self, viewer: str) -> DestinationRules:
        """The DestinationRules as a pod of that namespace finds them; of unknown labels without a proxy."""
        if viewer not in self._rules:
            known = self.proxy if self.proxy and self.proxy.namespace == viewer else Proxy(namespace=viewer)
            self._rules[viewer] = replace(self._all_rules, proxy=known)
        return self._rules[viewer]

    @cached_property
    def rule_namespaces(self) -> HostIndex[dict[str, None]]:
        """Where DestinationRules are, by the host that they are for."""
        index: HostIndex[dict[str, None]] = HostIndex()
        for rule in self.manifests.destination_rules:
            namespace = rule.metadata.namespace
            index.setdefault(fqdn(rule.host, namespace), {})[namespace] = None
        return index

    @cached_property
    def destination_rules_by_host(self) -> Mapping[str, list[DestinationRule]]:
        """The objects by host in full."""
        found: dict[str, list[DestinationRule]] = {}
        for rule in self.manifests.destination_rules:
            found.setdefault(fqdn(rule.host, rule.metadata.namespace), []).append(rule)
        return found

    @cached_property
    def _rule_index(self) -> HostIndex[list[DestinationRule]]:
        index: HostIndex[list[DestinationRule]] = HostIndex()
        for host, rules in self.destination_rules_by_host.items():
            index.setdefault(host, rules)
        return index

    def rules_around(self, host: str) -> Iterator[list[DestinationRule]]:
        """The DestinationRules for wildcards around a host."""
        return self._rule_index.around(host)

    def shared_rule(self, service: Service, viewer: str) -> Rule | None:
        """What a namespace without a rule of its own would find for the host (SC-6)."""
        rules = self.rules_for(viewer)
        return replace(rules, local={}, private_root=HostIndex()).find(service)

    def is_closed(self, namespace: str) -> bool:
        """Hosts without a ServiceEntry cannot be reached from there, as far as it is known."""
        policy = sidecar_policy(
            sidecar_for(self.manifests.sidecars, Proxy(namespace=namespace), self.settings), self.settings
        )
        return not policy.is_open

    def viewers(self, service: Service) -> Iterator[str]:
        """The namespaces from which the host is looked at: its own, and those with a rule for it."""
        if self.proxy is not None:
            yield self.proxy.namespace
            return
        yield service.namespace
        exact = self.rule_namespaces.values.get(service.key)
        others = {name: None for found in (exact or {}, *self.rule_namespaces.around(service.key)) for name in found}
        for name in others:
            if name != service.namespace and self.visible([service], name):
                yield name

    def policies(self, port: HostPort) -> tuple[Policy, ...]:
        """What holds on a port, once for each rule that some namespace finds; one without a rule where none does."""
        key = (port.service.namespace, port.key, port.number)
        if key not in self._policies:
            self._policies[key] = tuple(self._found_policies(port.service, port.number))
        return self._policies[key]

    def _found_policies(self, service: Service, number: int) -> list[Policy]:
        found: dict[tuple[str, str, str] | None, Policy] = {}
        for viewer in self.viewers(service):
            rule = self.rules_for(viewer).find(service)
            key = None if rule is None else (rule.namespace, rule.name, viewer if rule.selector else "")
            found.setdefault(key, self.policy(service, number, rule))
        if len(found) > 1:
            found.pop(None, None)
        return list(found.values())

    def policy(self, service: Service, number: int, rule: Rule | None) -> Policy:
        """What a rule says of one port, the mesh's defaults filled in."""
        own = traffic_policy.for_port(rule.traffic_policy if rule else None, number)
        return Policy(
            service=service, number=number, rule=rule, traffic=traffic_policy.with_mesh_defaults(own, self.settings)
        )
