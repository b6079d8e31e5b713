"""A session that goes on from edit to edit gives, after each one, what a fresh compilation gives."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from case import CASES
from random_edits import Files

from unstale.envoy.inputs import Configuration, Session, Setting, compile_sources
from unstale.envoy.resource import Kind
from unstale.istio.source import Source
from unstale.model.errors import InputError

GROUPS, GROUP_SIZE, EDITS = 12, 6, 12
MESHES = sorted({case.texts["mesh"] for case in CASES if "mesh" in case.texts})
PODS = sorted({case.texts["proxy"] for case in CASES if "proxy" in case.texts})


def _said(configuration: Configuration) -> dict[str, Any]:
    """All that a configuration says, in an order that counts."""
    resources = {
        kind.value: [
            (one.name, one.value, list(one.origins), dict(one.parts)) for one in configuration.resources.of(kind)
        ]
        for kind in Kind
    }
    return {
        **resources,
        "warnings": [str(problem) for problem in configuration.warnings],
        "manifests": configuration.manifests,
    }


def _outcome(compile_: Any, sources: tuple[Source, ...]) -> dict[str, Any]:
    try:
        return _said(compile_(sources))
    except InputError as error:
        return {"error": str(error)}


def setting_of(seed: int) -> Setting:
    """Every third mesh and every third pod is one of the cases', and two of four releases are older ones."""
    return Setting(
        mesh=None if seed % 3 else Source(name="mesh.yaml", text=MESHES[seed // 3 % len(MESHES)]),
        proxy=None if seed % 3 != 1 else Source(name="pod.yaml", text=PODS[seed // 3 % len(PODS)]),
        istio=("1.32", "1.32", "1.28", "1.30")[seed % 4],
    )


def check_edits(seed: int, setting: Setting) -> int:
    """How many of the states had no error."""
    files, session, good = Files(seed), Session(setting), 0
    for step in range(EDITS):
        sources = files.sources()
        expected = _outcome(lambda some: compile_sources(some, setting), sources)
        assert _outcome(session.compile, sources) == expected, f"seed {seed}, edit {step}"
        good += "error" not in expected
        files.edit()
    return good


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_edit_gives_what_a_fresh_compilation_gives(group: int) -> None:
    good = 0
    for seed in range(group * GROUP_SIZE, (group + 1) * GROUP_SIZE):
        good += check_edits(seed, setting_of(seed))
    assert good > GROUP_SIZE


HOST = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: h{number}}}
spec:
  hosts: [h{number}.example.com]
  resolution: DNS
  ports: [{{number: 80, name: http, protocol: HTTP}}, {{number: 443, name: tls, protocol: TLS}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: h{number}}}
spec:
  hosts: [h{number}.example.com]
  http: [{{timeout: 5s, route: [{{destination: {{host: h{number}.example.com}}}}]}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: h{number}}}
spec: {{host: h{number}.example.com, trafficPolicy: {{connectionPool: {{tcp: {{maxConnections: 5}}}}}}}}
"""


def _hosts(numbers: Iterable[int]) -> tuple[Source, ...]:
    return tuple(Source(name=f"{number:04}.yaml", text=HOST.format(number=number)) for number in numbers)


EDITS_OF_ONE: dict[str, Callable[[str], str]] = {
    "VirtualService": lambda text: text.replace("timeout: 5s", "timeout: 6s"),
    "DestinationRule": lambda text: text.replace("maxConnections: 5", "maxConnections: 6"),
    "ServiceEntry": lambda text: text.replace("number: 443", "number: 8443"),
    "a line more": lambda text: f"\n{text}",
}


@pytest.mark.parametrize("what", EDITS_OF_ONE)
def test_a_change_touches_its_own_host_alone(what: str) -> None:
    session, sources = Session(Setting()), _hosts(range(20))
    before = session.compile(sources).resources
    edited = (*sources[:7], replace(sources[7], text=EDITS_OF_ONE[what](sources[7].text)), *sources[8:])
    after = session.compile(edited).resources
    known = {id(cluster) for cluster in before.clusters}
    again = {cluster.name.rpartition("|")[2] for cluster in after.clusters if id(cluster) not in known}
    assert again == {"h7.example.com"}
    hosts = {id(host) for route in before.routes for host in route.value["virtual_hosts"]}
    changed = [host for route in after.routes for host in route.value["virtual_hosts"] if id(host) not in hosts]
    assert {host["name"] for host in changed} == {"h7.example.com:80"}


FILTERS = Source(
    name="filters.yaml",
    text="""\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: for-all, namespace: istio-system}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_OUTBOUND}
    patch: {operation: INSERT_FIRST, value: {name: first}}
  - applyTo: CLUSTER
    patch: {operation: MERGE, value: {upstream_bind_config: {socket_options: [{level: 6, name: 18, int_value: 5}]}}}
  - applyTo: VIRTUAL_HOST
    patch: {operation: MERGE, value: {require_tls: EXTERNAL_ONLY}}
""",
)


def test_envoy_filters_are_applied_again_only_to_what_changed() -> None:
    session, sources = Session(Setting()), (*_hosts(range(20)), FILTERS)
    before = session.compile(sources).resources
    edited = EDITS_OF_ONE["ServiceEntry"](sources[7].text)
    after = session.compile((*sources[:7], replace(sources[7], text=edited), *sources[8:])).resources
    known = {id(cluster) for cluster in before.clusters}
    again = [cluster for cluster in after.clusters if id(cluster) not in known]
    assert {cluster.name for cluster in again} == {f"outbound|{port}||h7.example.com" for port in (80, 8443)}
    assert all(cluster.value["upstream_bind_config"] for cluster in after.clusters)
    for kind, items in ((Kind.LISTENER, "filter_chains"), (Kind.ROUTE, "virtual_hosts")):
        parts = {id(part) for one in before.of(kind) for part in one.value.get(items, ())}
        others = [part for one in after.of(kind) for part in one.value.get(items, ()) if id(part) not in parts]
        assert len(others) <= 2 and all("h7." in str(part) for part in others)


def test_other_envoy_filters_are_applied_to_all() -> None:
    session, sources = Session(Setting()), _hosts(range(3))
    session.compile((*sources, FILTERS))
    changed = replace(FILTERS, text=FILTERS.text.replace("int_value: 5", "int_value: 6"))
    for filters in ((changed,), (), (FILTERS,)):
        again = (*sources, *filters)
        assert _said(session.compile(again)) == _said(compile_sources(again, Setting()))


def _calls_after_a_change(hosts: int, *more: Source) -> int:
    session, sources = Session(Setting()), [*_hosts(range(hosts)), *more]
    session.compile(tuple(sources))
    sources[7] = replace(sources[7], text=EDITS_OF_ONE["DestinationRule"](sources[7].text))
    sources.append(Source(name="more.yaml", text=HOST.format(number=hosts)))
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        session.compile(tuple(sources))
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("more", [(), (FILTERS,)], ids=["alone", "beside EnvoyFilters"])
def test_the_work_of_a_change_is_that_of_the_change(more: tuple[Source, ...]) -> None:
    """What is left to do for each of the other hosts is a few calls, where making it anew takes hundreds."""
    few, many = _calls_after_a_change(50, *more), _calls_after_a_change(550, *more)
    assert (many - few) / 500 < 20


def test_after_an_error_it_goes_on_from_the_last_state_without_one() -> None:
    session, sources = Session(Setting()), _hosts(range(3))
    before = session.compile(sources)
    for wrong in ("hosts: 5", "spec: {", HOST.format(number=1)):
        with pytest.raises(InputError):
            session.compile((*sources, Source(name="wrong.yaml", text=f"{wrong}\n")))
    after = session.compile(sources)
    assert after.resources.clusters == before.resources.clusters
    assert all(one is other for one, other in zip(after.resources.clusters, before.resources.clusters, strict=True))
