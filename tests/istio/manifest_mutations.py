"""Random changes of real manifests: signs, tokens, lines, and values of any type in any place."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml
from manifest_case import PATHS

SIGNS = list(" \t\n\r:-,[]{}&*!|>'\"%@`#?~<0123456789abnoyz.\\\x00\x07\x85\u2028\ud800\ufeff\uffff\U0001f600")
TOKENS = ["---", "...", "<<: ", "*a", "&a ", "!!str ", "? ", "null", "no", "1e999", "0x", ".nan", "[]", "{}", "- "]
VALUES: list[Any] = [None, True, -1, 0, 1.5, 2**70, "", "no", "x" * 300, [], {}, [None], {"a": {"b": []}}, [[]]]

Mutation = Callable[[random.Random, str], str]


@lru_cache(maxsize=1)
def originals() -> list[str]:
    """The texts of all case files that are small."""
    return [
        path.read_bytes().decode() for path in PATHS if path.stat().st_size < 4000 and path.parent.name != "aliases"
    ]


def mutated(rng: random.Random) -> str:
    """One text with a few changes, or one document with values of other types, as YAML or JSON."""
    text = rng.choice(originals())
    if rng.random() < 0.25:
        text = _with_other_values(rng, text)
    for _ in range(rng.randrange(1, 5)):
        text = rng.choice(MUTATIONS)(rng, text)
    return text


def replaced(rng: random.Random, value: Any) -> Any:
    """The value with some of the values inside replaced."""
    if rng.random() < 0.06:
        return rng.choice(VALUES)
    if isinstance(value, dict):
        return {key: replaced(rng, inner) for key, inner in value.items()}
    return [replaced(rng, inner) for inner in value] if isinstance(value, list) else value


def _with_other_values(rng: random.Random, text: str) -> str:
    try:
        documents = [document for document in yaml.safe_load_all(text) if isinstance(document, dict)]
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
    changed = [replaced(rng, document) for document in documents]
    if rng.random() < 0.3:
        return "\n".join(json.dumps(document, default=str, indent=rng.choice([None, 1])) for document in changed)
    return yaml.safe_dump_all(changed)


def insert_sign(rng: random.Random, text: str) -> str:
    """One of the signs that mean something."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(SIGNS) + text[at:]


def insert_token(rng: random.Random, text: str) -> str:
    """A piece of YAML."""
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


def _repeat_piece(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at : at + rng.randrange(1, 40)] * rng.randrange(2, 200) + text[at:]


def _another(rng: random.Random, text: str) -> str:
    return text + rng.choice(["\n", "\n---\n", "---", "...\n"]) + rng.choice(originals())


MUTATIONS: list[Mutation] = [
    *(insert_sign, insert_token, _delete, _repeat_line, _shift_line, _cut, _repeat_piece, _another),
]
