"""From a question to the cells that answer it: which scenarios, policies and methods, on whose manifests."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from unstale.envoy.inputs import Setting, compile_sources
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.lab.cell import Order
from unstale.lab.policy import Policy
from unstale.lab.registry import members, paragraph
from unstale.lab.target import ARTICLE, Target, target_of
from unstale.model.errors import InputError

FILES = "files"
"""The policy that the user's own manifests make."""

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
FILES_TEXT = "The manifests that were given, applied to an application that keeps its connections."

_SCENARIOS = "unstale.lab.scenarios"
_POLICIES = "unstale.lab.policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be proved. Empty `scenarios` and `policies` mean all (with `files`: the policy `files` alone).

    `rate` is requests a second, times are seconds; `host` and `port` choose whom to call where the manifests leave
    a choice. `setting` is what all manifests are compiled for; `command` is noted in the recordings.
    """

    files: tuple[Source, ...] = ()
    setting: Setting = field(default_factory=Setting)
    scenarios: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET", "POST")
    rate: float = 200.0
    connections: int = 8
    duration_s: float = 8.0
    ttl_s: int = 1
    timeout_s: float = 10.0
    host: str | None = None
    port: int | None = None
    command: str = ""


def scenario_names() -> tuple[str, ...]:
    """All scenarios, calm first."""
    return tuple(sorted(members(_SCENARIOS, "SCENARIO"), key=lambda name: (_order(name, _TOLD_SCENARIOS), name)))


def policy_names() -> tuple[str, ...]:
    """All policies of our own, from nothing to the recommended one."""
    return tuple(sorted(members(_POLICIES, "POLICY"), key=lambda name: (_order(name, _TOLD_POLICIES), name)))


def explain(name: str) -> str:
    """The paragraph of a scenario or policy."""
    if name == FILES:
        return FILES_TEXT
    return paragraph(_SCENARIOS if name in scenario_names() else _POLICIES, name)


def plan(question: Question, recordings: Path) -> tuple[Order, ...]:
    """One order a cell. Raises InputError or ManifestError before anything is started."""
    scenarios = _chosen("scenario", question.scenarios, scenario_names())
    own = (FILES,) if question.files else ()
    policies = _chosen("policy", question.policies, (*policy_names(), *own), default=own or policy_names())
    methods = _chosen("method", question.methods, METHODS)
    wanted = ARTICLE
    if question.files:
        manifests = load(question.files, istio=question.setting.istio)
        wanted = target_of(manifests, host=question.host, port=question.port)
    cells = itertools.product(scenarios, policies, methods)
    return tuple(
        _order_of(question, number, scenario, policy, method, wanted, recordings)
        for number, (scenario, policy, method) in enumerate(cells)
    )


def warnings(orders: Iterable[Order]) -> tuple[str, ...]:
    """What the manifests of the orders say that is not applied here, each once, in words."""
    groups = dict.fromkeys((order.sources, order.setting) for order in orders)
    told: dict[str, None] = {}
    for sources, setting in groups:
        found = compile_sources(sources, setting)
        told.update((str(problem), None) for problem in found.warnings)
        told.update((f"skipped: {count} {kind}", None) for kind, count in found.manifests.skipped.items())
    return tuple(told)


def parameters(question: Question) -> dict[str, object]:
    """The question as plain values, for the report."""
    return {
        "files": [source.name for source in question.files],
        "rate": question.rate,
        "connections": question.connections,
        "duration_s": question.duration_s,
        "ttl_s": question.ttl_s,
        "timeout_s": question.timeout_s,
        "host": question.host,
        "port": question.port,
        "mesh_config": question.setting.mesh.name if question.setting.mesh else None,
        "proxy": question.setting.proxy.name if question.setting.proxy else None,
        "istio": question.setting.istio,
    }


def slowest_first(orders: Iterable[Order]) -> list[Order]:
    """The orders with those that may hang longest in front, so that none of them is started last."""
    scenarios = members(_SCENARIOS, "SCENARIO")
    return sorted(orders, key=lambda order: not scenarios[order.scenario].hangs)


def _order_of(
    question: Question,
    number: int,
    scenario: str,
    policy_name: str,
    method: str,
    wanted: Target,
    recordings: Path,
) -> Order:
    policy = Policy(manifests=lambda _: question.files) if policy_name == FILES else _policy(policy_name)
    target = policy.target or wanted
    return Order(
        number=number,
        scenario=scenario,
        policy=policy_name,
        app=policy.app,
        sources=policy.manifests(target),
        target=target,
        method=method,
        rate=question.rate,
        connections=question.connections,
        duration_s=question.duration_s,
        ttl_s=question.ttl_s,
        timeout_s=question.timeout_s,
        folder=str(recordings / f"{scenario}-{policy_name}-{method}"),
        command=question.command,
        setting=question.setting,
    )


def _policy(name: str) -> Policy:
    policy: Policy = members(_POLICIES, "POLICY")[name]
    return policy


def _chosen(
    what: str, wanted: tuple[str, ...], known: tuple[str, ...], default: tuple[str, ...] = ()
) -> tuple[str, ...]:
    if not wanted:
        return default or known
    if "all" in wanted:
        return known
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise InputError(f"--{what}: unknown ({name}). {hint}Allowed: {', '.join(known)}, all.")
    return tuple(dict.fromkeys(wanted))


_TOLD_SCENARIOS = (
    "calm",
    "rotation-slow",
    "rotation-sudden",
    "firewall-rst",
    "firewall-drop",
    "runs-then-cuts",
    "own-503",
)
_TOLD_POLICIES = ("none", "fresh-dns", "short-lived", "article", "recommended")


def _order(name: str, told: tuple[str, ...]) -> int:
    return told.index(name) if name in told else len(told)
