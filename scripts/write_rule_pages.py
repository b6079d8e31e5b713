#!/usr/bin/env python3
"""Write docs/rules: one page a rule of `unstale lint`, from its docstring, and the index.

    .venv/bin/python scripts/write_rule_pages.py [--check]

With --check nothing is written; the exit code is 1 where a page is not what its rule says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unstale.report.rule_pages import rule_pages

_FOLDER = Path(__file__).parent.parent / "docs/rules"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    is_check = parser.parse_args().check
    pages = rule_pages()
    stale = [name for name, text in pages.items() if _text(_FOLDER / name) != text]
    gone = [path for path in _FOLDER.glob("*.md") if path.name not in pages]
    if is_check:
        for name in (*stale, *(path.name for path in gone)):
            print(f"docs/rules/{name} is not what the rules say. Run scripts/write_rule_pages.py.")
        return 1 if stale or gone else 0
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (_FOLDER / name).write_text(pages[name], "utf-8")
    for path in gone:
        path.unlink()
    print(f"{len(pages)} pages, {len(stale)} written, {len(gone)} removed")
    return 0


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
