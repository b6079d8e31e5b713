"""Random valid manifests: all load, all compile the same each time, and the real Envoy refuses none of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from random_manifests import random_manifests
from test_accepted_by_envoy import validate

from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.resource import Resources
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.sidecar.local import localize

GROUPS, GROUP_SIZE = 10, 20


def _compiled(seed: int) -> Resources:
    return compile_manifests(load([Source(name=f"random-{seed}.yaml", text=random_manifests(seed))])).resources


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_set_loads_and_compiles_the_same_each_time(group: int) -> None:
    for seed in range(group * GROUP_SIZE, (group + 1) * GROUP_SIZE):
        first, second = _compiled(seed), _compiled(seed)
        assert json.dumps(first.as_json()) == json.dumps(second.as_json()), f"seed {seed}"


@pytest.mark.lab
@pytest.mark.parametrize("group", range(GROUPS))
def test_envoy_refuses_none_of_them(group: int, tmp_path: Path) -> None:
    for seed in range(group * GROUP_SIZE, (group + 1) * GROUP_SIZE):
        done = validate(localize(_compiled(seed), access_log=None), tmp_path)
        assert done.returncode == 0, f"seed {seed}: {done.stderr[-1500:]}"
