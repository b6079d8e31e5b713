"""What docs/fix.md shows is what the command prints."""

from __future__ import annotations

import re
import shlex
from importlib.resources import files
from pathlib import Path

import pytest
from called import unstale

PAGE = (Path(__file__).parents[2] / "docs" / "fix.md").read_text("utf-8")
_BLOCK = re.compile(r"^    \$ unstale (fix .*)\n((?:    .*\n|\n(?=    ))*)", re.MULTILINE)


def _shown() -> list[tuple[str, str]]:
    found = [(call, body) for call, body in _BLOCK.findall(PAGE) if "--prove" not in call]
    return [(call, "\n".join(line[4:] for line in body.rstrip("\n").split("\n"))) for call, body in found]


@pytest.mark.parametrize(("call", "shown"), _shown(), ids=lambda value: value[:60] if value.startswith("fix") else "")
def test_the_page_shows_what_is_printed(call: str, shown: str, tmp_path: Path) -> None:
    article = files("unstale.lab.policies").joinpath("article.yaml").read_text()
    (tmp_path / "article.yaml").write_text(article)
    words = shlex.split(call)
    only_told = ">" in words
    done = unstale(*(words[: words.index(">")] if only_told else words), cwd=tmp_path)
    assert (done.stderr if only_told else done.stdout).rstrip("\n") == shown


def test_the_page_shows_three_calls() -> None:
    assert len(_shown()) == 3
