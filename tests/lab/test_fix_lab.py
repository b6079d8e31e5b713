"""What `fix` writes is taken by the real Envoy, and ends what it says it ends."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "remedy"))
from fixing import fixed, written_by_hand
from test_accepted_by_envoy import validate

from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.inputs import Setting
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.lab import proof, runner
from unstale.model.experiment import Cell
from unstale.remedy.facts import HostFacts
from unstale.remedy.fix import fix
from unstale.sidecar.local import localize

pytestmark = pytest.mark.lab

GROUPS, GROUP_SIZE = 5, 12
ARTICLE = (Source(name="article.yaml", text=files("unstale.lab.policies").joinpath("article.yaml").read_text()),)


class _Silent:
    def started(self, name: str) -> None:
        """Nobody watches."""

    def phase(self, name: str, text: str) -> None:
        """Nobody watches."""

    def finished(self, cell: Cell) -> None:
        """Nobody watches."""


@pytest.mark.parametrize("group", range(GROUPS))
def test_envoy_takes_what_fix_writes(group: int, tmp_path: Path) -> None:
    for seed in range(group * GROUP_SIZE, (group + 1) * GROUP_SIZE):
        after = fixed(written_by_hand(seed)).sources[0].text
        resources = compile_manifests(load([Source(name=f"seed-{seed}.yaml", text=after)])).resources
        done = validate(localize(resources, access_log=None), tmp_path)
        assert done.returncode == 0, f"seed {seed}: {done.stderr[-1500:]}"


def test_the_repaired_article_outlasts_a_sudden_move_and_runs_no_post_twice(tmp_path: Path) -> None:
    after = fix(ARTICLE, known=HostFacts(host="")).sources
    orders = proof.orders_of(
        ARTICLE,
        after,
        scenarios=("rotation-sudden", "runs-then-cuts"),
        setting=Setting(),
        recordings=tmp_path / "recordings",
    )
    prepared = runner.prepare(orders, tmp_path / "recordings")
    cells = runner.run_all(prepared, jobs=None, watcher=_Silent())
    found = {(pair.after.scenario, pair.after.method): pair for pair in proof.pairs(cells)}
    sudden, cut = found["rotation-sudden", "GET"], found["runs-then-cuts", "POST"]
    assert sudden.before.failed > 0
    assert sudden.after.failed == 0, sudden.after.sentence
    assert cut.before.executed_twice > 0
    assert cut.after.executed_twice == 0, cut.after.sentence
    assert found["rotation-sudden", "POST"].after.executed_twice == 0
    assert found["runs-then-cuts", "GET"].after.failed == 0
