"""DestinationRules of one namespace for the same host."""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.config_object import age
from unstale.envoy.service import name_of
from unstale.istio.destination_rule import DestinationRule
from unstale.lint.same_object import is_same_object
from unstale.lint.view import View


def same_host_rules(view: View) -> Iterator[tuple[DestinationRule, DestinationRule]]:
    """The oldest rule of a host and namespace with each younger one; rules for certain pods stand apart."""
    for rules in view.destination_rules_by_host.values():
        if len(rules) < 2:
            continue
        oldest: dict[str, DestinationRule] = {}
        for rule in sorted(rules, key=lambda one: (age(one.metadata), name_of(one.metadata))):
            if rule.workload_selector is None:
                first = oldest.setdefault(rule.metadata.namespace, rule)
                if not is_same_object(first.metadata, rule.metadata):
                    yield first, rule
