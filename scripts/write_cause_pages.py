"""Write docs/causes: one page a cause, from the docstring and the weights of its rule, and the index.

    python scripts/write_cause_pages.py [--check]

With `--check` nothing is written, and the exit code is 1 where a page is not what it would be.
"""

from __future__ import annotations

import sys
from pathlib import Path

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.pages import index, markdown

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "causes"


def pages() -> dict[str, str]:
    """File name -> text."""
    return {"README.md": index(), **{f"{cause.value}.md": markdown(cause) for cause in Cause}}


def main(arguments: list[str]) -> int:
    """Write or check all pages."""
    wanted = pages()
    if "--check" in arguments:
        stale = [name for name, text in wanted.items() if not _is(FOLDER / name, text)]
        orphans = [path.name for path in FOLDER.glob("*.md") if path.name not in wanted]
        for name in (*stale, *orphans):
            print(f"docs/causes/{name}: not as its rule says. Write it with: make cause-pages", file=sys.stderr)
        return 1 if stale or orphans else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.md"):
        path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
