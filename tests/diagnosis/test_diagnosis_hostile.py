"""Whatever stands in a log, the diagnosis neither fails nor tells what does not add up."""

from __future__ import annotations

import random
from pathlib import Path

from diagnosing import CASES, findings_of, written


def test_mutated_lines_never_break_it(tmp_path: Path) -> None:
    chance = random.Random(5)
    source = [line for path in sorted(CASES.glob("*/*.log")) for line in path.read_text("utf-8").splitlines()[1:6]]
    for _ in range(60):
        lines = [_mutated(chance.choice(source), chance) for _ in range(20)]
        for found in findings_of(written(tmp_path, *lines)):
            assert sum(round(1000 * one.probability) for one in found.suspects) == 1000
            assert found.count >= 1


def _mutated(line: str, chance: random.Random) -> str:
    characters = list(line)
    for _ in range(chance.randrange(6)):
        at = chance.randrange(max(1, len(characters)))
        characters[at : at + chance.randrange(3)] = chance.choice(['"', "-", "|", "{", "}", "9", ",", "\\", "ü", ""])
    return "".join(characters).replace("\n", " ").replace("\r", " ")
