"""A folder is its own registry, and says which module is not as it should be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from unstale.lab.registry import members, paragraph


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "some_rules"
    package.mkdir()
    (package / "__init__.py").write_text('"""Rules."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name.startswith("some_rules")]:
        del sys.modules[name]
    members.cache_clear()


def test_takes_every_module_under_its_name_with_dashes(folder: Path) -> None:
    (folder / "second_rule.py").write_text('"""Second."""\nRULE = 2\n')
    (folder / "first.py").write_text('"""First."""\nRULE = 1\n')
    assert members("some_rules", "RULE") == {"first": 1, "second-rule": 2}
    assert paragraph("some_rules", "second-rule") == "Second."


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("RULE = 1\n", "no docstring"), ('"""Said."""\n', "no RULE"), ('""" """\nRULE = 1\n', "no docstring")],
)
def test_names_the_module_that_lacks_something(folder: Path, text: str, complaint: str) -> None:
    (folder / "broken.py").write_text(text)
    with pytest.raises(LookupError, match=f"some_rules.broken: {complaint}"):
        members("some_rules", "RULE")
