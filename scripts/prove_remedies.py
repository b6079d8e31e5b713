#!/usr/bin/env python3
"""Prove the remedies one by one: each runs in the scenarios that it names, before and after, on a real Envoy.

    .venv/bin/python scripts/prove_remedies.py [--remedy NAME].. [--jobs N]

Before is the bad example on the page of a pitfall that the remedy ends, after is the same with this remedy alone, from
what an operator knows of the scenario's world. Where the example cannot be called, as a pod without manifests, before
is a mesh that does not know the host, and after what the remedy writes for it whole. What was counted goes into
src/unstale/remedy/proved.tsv; `unstale fix` calls a remedy unproved where no row of it shows that it helps. Rows of
remedies that are not run anew are kept.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unstale.envoy.inputs import Setting
from unstale.istio.source import Source
from unstale.lab import proof, runner
from unstale.lab.matrix import Question, plan
from unstale.lab.order import Order
from unstale.lab.policies.recommended import facts_of
from unstale.lint.registry import rules
from unstale.model.errors import InputError
from unstale.model.experiment import Cell
from unstale.model.proof import ONCE_ONLY
from unstale.remedy.facts import HostFacts
from unstale.remedy.fix import fix
from unstale.remedy.proved import HEAD, Proved, from_line, to_line
from unstale.remedy.registry import remedies
from unstale.remedy.remedy import Remedy
from unstale.remedy.writing import yaml_documents, yaml_text
from unstale.report.progress import Progress

_TABLE = Path(__file__).parent.parent / "src/unstale/remedy/proved.tsv"
_EXAMPLE = re.compile(r"^Bad:\n\n((?:    .*\n|\n)+)", re.MULTILINE)
_TOLD = re.compile(r"^# (istio|mesh-config): (.*)$", re.MULTILINE)
_TWICE = "UNS104"
"""The pitfall that is about requests which must not run twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One pitfall of a remedy in one scenario; `before` None is a mesh that does not know the host."""

    remedy: str
    code: str
    scenario: str
    before: tuple[Source, ...] | None
    after: tuple[Source, ...]
    setting: Setting
    after_setting: Setting


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--remedy", action="append", metavar="NAME", help="only these remedies")
    parser.add_argument("--jobs", type=int, metavar="N", help="cells side by side; by default what there is room for")
    asked = parser.parse_args()
    rows = [from_line(line) for line in _TABLE.read_text("utf-8").splitlines()[1:]] if _TABLE.exists() else []
    for remedy in remedies().values():
        if remedy.scenarios and (not asked.remedy or remedy.name in asked.remedy):
            made = _run(list(_attempts(remedy)), asked.jobs)
            rows = [row for row in rows if row.remedy != remedy.name] + made
            rows.sort(key=lambda row: (row.remedy, row.code, row.scenario, row.method))
            _TABLE.write_text(HEAD + "".join(f"{to_line(row)}\n" for row in rows), "utf-8")
            for row in made:
                print(f"{row.remedy:36} {row.code} {'helps' if row.helps else '-----'} {row.words}", flush=True)
    return 0


def _attempts(remedy: Remedy) -> Iterator[Attempt]:
    for scenario in remedy.scenarios:
        tried = [one for code in remedy.codes if (one := _attempt(remedy, code, scenario)) is not None]
        yield from tried or filter(None, [_whole(remedy, remedy.codes[0], scenario)])


def _attempt(remedy: Remedy, code: str, scenario: str) -> Attempt | None:
    """None where lint finds nothing in the example as it stands, or nobody could call a host of it."""
    text = _example(code)
    told = dict(_TOLD.findall(text))
    before = (Source(name="before.yaml", text=text),)
    setting = Setting(mesh=Source(name="mesh.yaml", text=told["mesh-config"]) if "mesh-config" in told else None)
    try:
        known = replace(_known(scenario, before, setting), host="", istio=told.get("istio", setting.istio))
    except InputError:
        return _whole(remedy, code, scenario)
    mesh = setting.load_mesh() if setting.mesh else None
    fixed = fix(before, known=known, mesh=mesh, codes=[code])
    if not any(step.remedy is not None and step.remedy.name == remedy.name for step in fixed.steps):
        return None
    return Attempt(
        remedy=remedy.name,
        code=code,
        scenario=scenario,
        before=before,
        after=fixed.sources,
        setting=setting,
        after_setting=setting,
    )


def _whole(remedy: Remedy, code: str, scenario: str) -> Attempt | None:
    if remedy.manifests is None:
        return None
    facts = _known(scenario, None, Setting())
    made = list(remedy.manifests(facts))
    settings = [one for one in made if "kind" not in one]
    objects = [one for one in made if "kind" in one]
    after = Setting(mesh=Source(name="mesh.yaml", text=yaml_text(settings[0]))) if settings else Setting()
    return Attempt(
        remedy=remedy.name,
        code=code,
        scenario=scenario,
        before=None,
        after=(Source(name="after.yaml", text=yaml_documents(objects)),) if objects else (),
        setting=Setting(),
        after_setting=after,
    )


def _known(scenario: str, files: tuple[Source, ...] | None, setting: Setting) -> HostFacts:
    """What an operator knows of the scenario's world. Raises InputError where no host can be called."""
    question = Question(files=files or (), scenarios=(scenario,), policies=() if files else ("none",), setting=setting)
    return facts_of(plan(question, Path("/"))[0].target)


def _example(code: str) -> str:
    found = _EXAMPLE.search(rules()[code].page + "\n")
    assert found is not None, f"{code}: its page has no bad example"
    return "\n".join(line[4:] for line in found[1].rstrip("\n").split("\n")) + "\n"


def _run(attempts: Sequence[Attempt], jobs: int | None) -> list[Proved]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = [(attempt, order) for attempt in attempts for order in _orders(attempt, folder)]
        orders = [
            replace(order, number=number, folder=f"{order.folder}-{number}") for number, (_, order) in enumerate(asked)
        ]
        with Progress(total=len(orders), quiet=False) as progress:
            cells = runner.run_all(runner.prepare(orders, folder), jobs=jobs, watcher=progress)
    found: dict[tuple[str, str, str, str], dict[str, Cell]] = {}
    for (attempt, order), cell in zip(asked, cells, strict=True):
        key = (attempt.remedy, attempt.code, attempt.scenario, order.method)
        found.setdefault(key, {})[order.policy] = cell
    return [_row(key, both) for key, both in found.items()]


def _orders(attempt: Attempt, folder: Path) -> Iterator[Order]:
    """Those of a GET, and of a POST where the remedy is about it, or where the scenario has no GET."""
    try:
        made = _both(attempt, folder)
    except InputError as error:
        print(f"{attempt.remedy} {attempt.code} {attempt.scenario}: not run. {error}", file=sys.stderr)
        return
    methods = {order.method for order in made}
    wanted = methods if attempt.code == _TWICE else (methods - ONCE_ONLY or methods)
    for order in made:
        if order.method in wanted:
            is_after = order.policy == proof.AFTER and attempt.after_setting != attempt.setting
            yield replace(order, setting=attempt.after_setting) if is_after else order


def _both(attempt: Attempt, folder: Path) -> tuple[Order, ...]:
    if not attempt.after:
        first = plan(Question(scenarios=(attempt.scenario,), policies=("none",)), folder)
        return tuple(replace(order, policy=name) for name in (proof.BEFORE, proof.AFTER) for order in first)
    return proof.orders_of(
        attempt.before,
        attempt.after,
        scenarios=(attempt.scenario,),
        setting=attempt.setting,
        recordings=folder,
        command="scripts/prove_remedies.py",
    )


def _row(key: tuple[str, str, str, str], both: Mapping[str, Cell]) -> Proved:
    remedy, code, scenario, method = key
    before, after = both[proof.BEFORE], both[proof.AFTER]
    return Proved(
        remedy=remedy,
        code=code,
        scenario=scenario,
        method=method,
        requests=before.requests,
        failed_before=before.failed,
        failed_after=after.failed,
        twice_before=before.executed_twice,
        twice_after=after.executed_twice,
    )


if __name__ == "__main__":
    sys.exit(main())
