#!/usr/bin/env python3
"""Write into docs/fix.md what its commands print today; what `--prove` printed stays, for it is measured.

.venv/bin/python scripts/write_fix_page.py
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

_PAGE = Path(__file__).parent.parent / "docs/fix.md"
_BLOCK = re.compile(r"^    \$ unstale (fix .*)\n((?:    .*\n|\n(?=    ))*)", re.MULTILINE)


def main() -> int:
    before = _PAGE.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        article = files("unstale.lab.policies").joinpath("article.yaml").read_text("utf-8")
        Path(folder, "article.yaml").write_text(article, "utf-8")
        after = _BLOCK.sub(lambda found: _block(found, folder), before)
    _PAGE.write_text(after, "utf-8")
    print("docs/fix.md: written" if after != before else "docs/fix.md: as it was")
    return 0


def _block(found: re.Match[str], folder: str) -> str:
    call = found[1]
    if "--prove" in call:
        return found[0]
    words = shlex.split(call)
    only_told = ">" in words
    command = [sys.executable, "-m", "unstale.cli.main", *(words[: words.index(">")] if only_told else words)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    text = (done.stderr if only_told else done.stdout).rstrip("\n")
    return f"    $ unstale {call}\n" + "".join(f"    {line}".rstrip() + "\n" for line in text.split("\n"))


if __name__ == "__main__":
    sys.exit(main())
