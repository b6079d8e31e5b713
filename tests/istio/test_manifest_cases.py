"""Every case file is refused or loaded, with exactly the messages beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_case import CASES, PATHS, expected, outcome


def _id(path: Path) -> str:
    subject = path.parent.name
    head, _, rest = subject.partition("-")
    rule = f"{head.upper()}-{rest}" if head in ("re", "val") else subject
    return f"{rule}/{path.stem}"


@pytest.mark.parametrize("path", PATHS, ids=_id)
def test_a_case_is_judged_as_written_beside_it(path: Path) -> None:
    loads, told = outcome(path)

    assert told == expected(path)
    assert loads is path.name.startswith("good-")


def test_every_case_of_a_fault_has_its_messages_and_no_message_lacks_its_case() -> None:
    bad = {path.with_suffix(".txt") for path in PATHS if path.name.startswith("bad-")}
    golden = set(CASES.glob("*/*.txt"))

    assert bad <= golden
    assert {path.with_suffix(".yaml") for path in golden} <= set(PATHS)
