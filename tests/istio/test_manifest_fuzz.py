"""No text makes a reader fail other than by naming what is wrong with it, nor takes it long."""

from __future__ import annotations

import random

import pytest
from fuzz_manifests import check, check_settings
from hostile_manifests import HOSTILE
from manifest_mutations import insert_sign, insert_token, mutated, originals

from unstale.istio.composers import PurePythonComposer
from unstale.istio.documents import documents
from unstale.istio.source import Source
from unstale.model.problem import Problem


@pytest.mark.parametrize("seed", range(4))
def test_mutated_texts_raise_nothing_but_manifest_errors(seed: int) -> None:
    for number in range(500):
        text = mutated(random.Random(1_000_000 * (seed + 1) + number))
        check(text)
        check_settings(text)


@pytest.mark.parametrize("name", [name for name in HOSTILE if "many" not in name and "list" not in name])
def test_hostile_texts_are_judged(name: str) -> None:
    text = HOSTILE[name]()

    assert len(text.encode(errors="surrogatepass")) < 1_000_000
    check(text)


def test_mutated_texts_are_read_without_libyaml_too() -> None:
    rng = random.Random(8)
    problems: list[Problem] = []
    for _ in range(400):
        text = insert_token(rng, insert_sign(rng, rng.choice(originals())))
        list(documents(Source(name="fuzzed.yaml", text=text), problems, composer=PurePythonComposer))
    for text in ('"\\Uffffffff"', "%YAML 1." + "9" * 5000 + "\n---\na", "\ud800"):
        told = len(problems)
        list(documents(Source(name="fuzzed.yaml", text=text), problems, composer=PurePythonComposer))
        assert len(problems) == told + 1
