#!/usr/bin/env python3
"""Write the adapter for httpx2 from the one for httpx: the libraries differ in their names alone.

    .venv/bin/python scripts/write_httpx2.py

Written twice by hand, one of them would get the next change and the other would not. Change `clients/httpx.py` or
`clients/httpcore.py` and run this; a test compares what is committed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent / "src" / "unstale" / "clients"
WRITTEN = {"httpx2.py": "httpx.py", "httpcore2.py": "httpcore.py"}


def written(name: str) -> str:
    """The text of the module `name`, one of WRITTEN."""
    text = (CLIENTS / WRITTEN[name]).read_text()
    return re.sub(r"\b(httpx|httpcore)\b", r"\g<1>2", text)


def main() -> int:
    for name in WRITTEN:
        (CLIENTS / name).write_text(written(name))
        print(f"src/unstale/clients/{name} from {WRITTEN[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
