"""What can be proved: scenarios, policies, applications and workloads, their order and their paragraphs.

Each is a folder that is its own registry.
"""

from __future__ import annotations

from collections.abc import Mapping

from unstale.lab.policy import Policy
from unstale.lab.registry import members, paragraph
from unstale.lab.scenario import Scenario

FILES = "files"
"""The policy that the user's own manifests make."""

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
FILES_TEXT = "The manifests that were given, applied to an application that keeps its connections."

_SCENARIOS = "unstale.lab.scenarios"
_POLICIES = "unstale.lab.policies"
_APPS = "unstale.lab.apps"
_WORKLOADS = "unstale.lab.workloads"


def scenarios() -> Mapping[str, Scenario]:
    """All scenarios by name."""
    return members(_SCENARIOS, "SCENARIO")


def policies() -> Mapping[str, Policy]:
    """All policies of our own by name."""
    return members(_POLICIES, "POLICY")


def scenario_names() -> tuple[str, ...]:
    """All scenarios, the default ones first."""
    return tuple(sorted(scenarios(), key=lambda name: (_order(name, _TOLD_SCENARIOS), name)))


def default_scenario_names() -> tuple[str, ...]:
    """Those that run when none is named."""
    return tuple(name for name in scenario_names() if scenarios()[name].is_default)


def methods_of(scenario: str) -> tuple[str, ...]:
    """The methods that make sense in a scenario."""
    return scenarios()[scenario].methods or METHODS


def policy_names() -> tuple[str, ...]:
    """All policies of our own, from nothing to the recommended one."""
    return tuple(sorted(policies(), key=lambda name: (_order(name, _TOLD_POLICIES), name)))


def app_names() -> tuple[str, ...]:
    """All applications."""
    return tuple(members(_APPS, "APP"))


def workload_names() -> tuple[str, ...]:
    """All workloads."""
    return tuple(members(_WORKLOADS, "WORKLOAD"))


def explain(name: str) -> str:
    """The paragraph of a scenario or policy, with the source of what a scenario models."""
    if name == FILES:
        return FILES_TEXT
    if name in scenarios():
        source = scenarios()[name].source
        return paragraph(_SCENARIOS, name) + (f"\n\nSource: {source}" if source else "")
    return paragraph(_POLICIES, name)


def explain_app(name: str) -> str:
    """The paragraph of an application."""
    return paragraph(_APPS, name)


def explain_workload(name: str) -> str:
    """The paragraph of a workload."""
    return paragraph(_WORKLOADS, name)


_TOLD_SCENARIOS = (
    "calm",
    "rotation-slow",
    "rotation-sudden",
    "firewall-rst",
    "firewall-drop",
    "runs-then-cuts",
    "own-503",
)
_TOLD_POLICIES = ("none", "fresh-dns", "short-lived", "article", "mesh-max-age", "recommended")


def _order(name: str, told: tuple[str, ...]) -> int:
    return told.index(name) if name in told else len(told)
