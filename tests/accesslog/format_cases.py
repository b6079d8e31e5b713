"""The cases of the formats: one invented line in `formats/<module>/<case>.log`, what it is read as in `<case>.json`.

Run as a script it writes the .json files anew, for a person to read.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unstale.accesslog.line_reader import LineReader
from unstale.accesslog.result import Place
from unstale.accesslog.row import Row

FOLDER = Path(__file__).parent / "formats"
CASES = sorted(FOLDER.glob("*/*.log"))


def read(path: Path) -> dict[str, Any]:
    """What a case's line is read as: a row's or an application error's fields, without those that are empty."""
    line = path.read_text().rstrip("\n")
    reader = LineReader()
    row = reader.row(line)
    if isinstance(row, Row):
        fields = asdict(row) | {"flags": sorted(row.flags), "absent": sorted(row.absent)}
    else:
        found = reader.error(line, Place(file="app.log", line=1))
        assert found is not None, line
        fields = asdict(found[0]) | {"format": found[1]}
        del fields["place"]
    del fields["line"]
    return {name: value for name, value in fields.items() if value not in ("", None, [], False)}


def main() -> None:
    """Write what the lines are read as."""
    for path in CASES:
        path.with_suffix(".json").write_text(json.dumps(read(path), indent=1) + "\n")


if __name__ == "__main__":
    main()
