"""From a question to the cells that answer it: which scenarios, policies and methods, on whose manifests."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from unstale.envoy.inputs import Setting, compile_sources
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.lab.catalogue import (
    FILES,
    METHODS,
    app_names,
    default_scenario_names,
    methods_of,
    policies,
    policy_names,
    scenario_names,
    scenarios,
    workload_names,
)
from unstale.lab.faults.nodes_vanish import NodesVanish
from unstale.lab.fitting import fitted, in_world, pause_s
from unstale.lab.loopback import left_out
from unstale.lab.order import Order
from unstale.lab.policy import Policy
from unstale.lab.program import program
from unstale.lab.registry import members
from unstale.lab.scenario import Scenario, Timing
from unstale.lab.target import ARTICLE, Target, target_of
from unstale.lab.variant import encrypted, why_not_encrypted
from unstale.lab.workload import Pace, Workload
from unstale.lab.world import MOST_ADDRESSES, Http, World, new_nodes, old_nodes
from unstale.model.errors import InputError
from unstale.sidecar.programs import missing, missing_message

HTTP1_APP, HTTP2_APP = "http-client", "h2-client"
_QUICK_S = 0.5
"""What is said of a server that answers at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be proved. Empty `scenarios` are the default ones, empty `policies` and `methods` all of ours that
    fit (with `files`: the policy `files` alone).

    `rate` is requests a second, times are seconds; `host` and `port` choose whom to call where the manifests leave
    a choice. What is None is as each scenario has it: the duration, the firewall's lease, the idle time-out on the
    way, the one-way distance, the workload. Empty `apps` are the usual one; with several each cell is run with each.
    `tls` lets the application call https in every scenario. `setting` is what all manifests are compiled for;
    `command` is noted in the recordings; every cell is run `repeat` times.
    """

    files: tuple[Source, ...] = ()
    setting: Setting = field(default_factory=Setting)
    scenarios: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET", "POST")
    rate: float = 100.0
    connections: int = 8
    duration_s: float | None = None
    ttl_s: int = 1
    timeout_s: float = 10.0
    host: str | None = None
    port: int | None = None
    command: str = ""
    addresses: int = 2
    lease_s: float | None = None
    idle_s: float | None = None
    distance_ms: float | None = None
    workload: str | None = None
    apps: tuple[str, ...] = ()
    tls: bool = False
    repeat: int = 1


def plan(question: Question, recordings: Path) -> tuple[Order, ...]:
    """One order a cell and run. Raises InputError or ManifestError before anything is started."""
    wanted_scenarios = _chosen("scenario", question.scenarios, scenario_names(), default=default_scenario_names())
    own = (FILES,) if question.files else ()
    wanted_policies = _chosen("policy", question.policies, (*policy_names(), *own), default=own or policy_names())
    methods = _chosen("method", question.methods, METHODS)
    _refuse_unfit(question)
    wanted = ARTICLE
    if question.files:
        manifests = load(question.files, istio=question.setting.istio)
        wanted = target_of(manifests, host=question.host, port=question.port)
    cells = [
        (scenario, policy, method, app, run)
        for scenario, policy, method, app in itertools.product(
            wanted_scenarios, wanted_policies, methods, dict.fromkeys(question.apps) or (None,)
        )
        if method in methods_of(scenario)
        for run in range(1, question.repeat + 1)
    ]
    return tuple(
        _order_of(question, number, *cell, wanted=wanted, recordings=recordings) for number, cell in enumerate(cells)
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
        "addresses": question.addresses,
        "lease_s": question.lease_s,
        "idle_s": question.idle_s,
        "distance_ms": question.distance_ms,
        "workload": question.workload,
        "apps": list(question.apps),
        "tls": question.tls,
        "repeat": question.repeat,
        "host": question.host,
        "port": question.port,
        "mesh_config": question.setting.mesh.name if question.setting.mesh else None,
        "proxy": question.setting.proxy.name if question.setting.proxy else None,
        "istio": question.setting.istio,
    }


def manifests(orders: Iterable[Order]) -> dict[str, str]:
    """Each policy's manifests as they were in the first of its orders, one YAML text; empty for none."""
    found: dict[str, str] = {}
    for order in orders:
        mesh = order.setting.mesh
        sources = (*order.sources, *((mesh,) if mesh else ()))
        found.setdefault(order.policy, "\n---\n".join(source.text.strip() for source in sources))
    return found


def left_out_on_loopback(orders: Iterable[Order]) -> dict[str, str]:
    """Scenario -> why it cannot be run without namespaces."""
    known = tuple(orders)
    vanishing = {
        order.scenario
        for order in known
        if any(isinstance(moment.fault, NodesVanish) for moment in scenarios()[order.scenario].moments(order.timing))
    }
    return left_out(known, frozenset(vanishing))


def slowest_first(orders: Iterable[Order]) -> list[Order]:
    """The orders with those that may hang longest in front, so that none of them is started last."""
    return sorted(orders, key=lambda order: (not scenarios()[order.scenario].hangs, -order.pace.duration_s))


def _order_of(
    question: Question,
    number: int,
    scenario_name: str,
    policy_name: str,
    method: str,
    app: str | None,
    run: int,
    *,
    wanted: Target,
    recordings: Path,
) -> Order:
    policy = Policy(manifests=lambda _: question.files) if policy_name == FILES else policies()[policy_name]
    scenario = _scenario(question, scenario_name)
    timing = timing_of(question, scenario)
    target = policy.target or wanted
    workload = question.workload or scenario.workload
    target = in_world(target, scenario.world(_plain_world(question, target), timing))
    target = replace(target, slowest_answer_s=slowest_answer_s(workload))
    assert target.world is not None
    world = target.world
    folder = "-".join((scenario_name, policy_name, method, *([app] if app and len(question.apps) > 1 else [])))
    again = f"-{run}" if question.repeat > 1 else ""
    return Order(
        number=number,
        scenario=scenario_name,
        policy=policy_name,
        program=app_for(app, world),
        habit=policy.app,
        sources=fitted(policy.manifests(target), target),
        target=target,
        world=world,
        timing=timing,
        method=method,
        workload=workload,
        pace=Pace(
            rate=question.rate,
            duration_s=timing.duration_s,
            connections=question.connections,
            pause_s=pause_s(world),
        ),
        timeout_s=question.timeout_s,
        folder=str(recordings / f"{folder}{again}"),
        command=question.command,
        run=run,
        calls_https=question.tls,
        has_usual_app=app in (None, HTTP1_APP, HTTP2_APP),
        has_usual_workload=question.workload in (None, scenario.workload),
        setting=scenario.setting(policy.setting(target, question.setting)),
    )


def _scenario(question: Question, name: str) -> Scenario:
    scenario = scenarios()[name]
    if not question.tls:
        return scenario
    why_not = why_not_encrypted(scenario.world(_plain_world(question, ARTICLE), timing_of(question, scenario)))
    if why_not:
        raise InputError(f"--tls: {name} cannot be called with https ({why_not}). Choose other scenarios.")
    return encrypted(name, scenarios())


def slowest_answer_s(workload: str) -> float:
    """What a good answer takes at most, as whoever runs the server knows it."""
    found: Workload = members("unstale.lab.workloads", "WORKLOAD")[workload]
    return max(_QUICK_S, found.takes_s)


def timing_of(question: Question, scenario: Scenario) -> Timing:
    """The clock that the question gives a scenario."""
    return Timing(
        ttl_s=question.ttl_s,
        duration_s=question.duration_s or scenario.duration_s,
        asked_lease_s=question.lease_s,
        asked_idle_s=question.idle_s,
        asked_distance_ms=question.distance_ms,
    )


def app_for(wanted: str | None, world: World) -> str:
    """The application asked for; else the plain one that speaks the world's protocol.

    Raises InputError where the one asked for does not speak it.
    """
    name = wanted or (HTTP1_APP if world.http is Http.HTTP1 else HTTP2_APP)
    if world.http not in program(name).speaks:
        raise InputError(f"--app {name}: does not speak {world.http}. Choose other scenarios, or leave --app out.")
    return name


def _plain_world(question: Question, target: Target) -> World:
    return World(
        hosts=target.hosts or (target.host,),
        ports=target.ports,
        ttl_s=question.ttl_s,
        addresses=old_nodes(question.addresses),
        spare_addresses=(*new_nodes(question.addresses), *target.addresses),
        distance_ms=question.distance_ms or 0.0,
    )


def _refuse_unfit(question: Question) -> None:
    if question.workload is not None:
        _check("workload", question.workload, workload_names())
    for app in question.apps:
        _check("app", app, app_names())
    if not 1 <= question.addresses <= MOST_ADDRESSES:
        raise InputError(f"--addresses: out of range ({question.addresses}). Allowed: 1 to {MOST_ADDRESSES}.")
    for app in question.apps:
        if absent := missing(program(app).needs):
            raise InputError(f"--app {app}: {missing_message(absent)}")


def _chosen(
    what: str, wanted: tuple[str, ...], known: tuple[str, ...], default: tuple[str, ...] = ()
) -> tuple[str, ...]:
    if not wanted:
        return default or known
    if "all" in wanted:
        return known
    for name in wanted:
        _check(what, name, known, "all")
    return tuple(dict.fromkeys(wanted))


def _check(what: str, name: str, known: tuple[str, ...], *more: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"--{what}: unknown ({name}). {hint}Allowed: {', '.join((*known, *more))}.")
