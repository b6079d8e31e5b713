"""No text makes the loader fail other than by naming what is wrong with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from manifest_case import PATHS

from unstale.istio.documents import PurePythonComposer, documents
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.model.errors import ManifestError
from unstale.model.problem import Problem

TEXTS = [path.read_bytes().decode() for path in PATHS if path.stat().st_size < 2000 and path.parent.name != "aliases"]
SIGNS = list(" \t\n\r:-,[]{}&*!|>'\"%@`#?~<0123456789abnoyz.\\\x00\x07\x85\u2028\ud800\ufeff\uffff\U0001f600")
TOKENS = ["---", "...", "<<: ", "*a", "&a ", "!!str ", "? ", "null", "no", "1e999", "0x", ".nan", "[]", "{}", "- "]
VALUES: list[Any] = [None, True, -1, 0, 1.5, 2**70, "", "no", "x" * 300, [], {}, [None], {"a": {"b": []}}, [[]]]

Mutation = Callable[[random.Random, str], str]


def _insert_sign(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(SIGNS) + text[at:]


def _insert_token(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(TOKENS) + text[at:]


def _delete(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + rng.randrange(1, 12) :]


def _repeat_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return "\n".join(lines)


def _shift_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at] = " " * rng.randrange(4) + lines[at].lstrip() if rng.random() < 0.5 else " " + lines[at]
    return "\n".join(lines)


def _cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


MUTATIONS: list[Mutation] = [_insert_sign, _insert_token, _delete, _repeat_line, _shift_line, _cut]


def _told(text: str) -> None:
    try:
        load([Source(name="fuzzed.yaml", text=text)])
    except ManifestError as error:
        assert error.problems
        last_line = len(text.splitlines()) + 1
        assert all(1 <= problem.origin.line <= last_line for problem in error.problems)
        assert all(problem.origin.column >= 1 for problem in error.problems)


@pytest.mark.parametrize("seed", range(6))
def test_mutated_texts_raise_nothing_but_manifest_errors(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(1000):
        text = rng.choice(TEXTS)
        for _ in range(rng.randrange(1, 4)):
            text = rng.choice(MUTATIONS)(rng, text)
        _told(text)


def test_mutated_texts_are_read_without_libyaml_too() -> None:
    rng = random.Random(8)
    problems: list[Problem] = []
    for _ in range(400):
        text = _insert_token(rng, _insert_sign(rng, rng.choice(TEXTS)))
        list(documents(Source(name="fuzzed.yaml", text=text), problems, composer=PurePythonComposer))
    for text in ('"\\Uffffffff"', "%YAML 1." + "9" * 5000 + "\n---\na", "\ud800"):
        told = len(problems)
        list(documents(Source(name="fuzzed.yaml", text=text), problems, composer=PurePythonComposer))
        assert len(problems) == told + 1


def _replaced(rng: random.Random, value: Any) -> Any:
    if rng.random() < 0.06:
        return rng.choice(VALUES)
    if isinstance(value, dict):
        return {key: _replaced(rng, inner) for key, inner in value.items()}
    return [_replaced(rng, inner) for inner in value] if isinstance(value, list) else value


def test_values_of_any_type_in_any_place_raise_nothing_but_manifest_errors() -> None:
    rng = random.Random(7)
    documents = [
        document
        for text, path in ((path.read_bytes().decode(), path) for path in PATHS)
        if path.name.startswith("good-") and "list" not in path.name
        for document in yaml.safe_load_all(text)
        if isinstance(document, dict)
    ]
    for _ in range(700):
        _told(yaml.safe_dump(_replaced(rng, rng.choice(documents))))
