#!/usr/bin/env python3
"""Write the tables of docs/clients.md from reports of `unstale prove --app ... --json FILE`.

    .venv/bin/python scripts/write_client_tables.py REPORT.json..

Each table stands below a comment that names its cells: `<!-- cells: fresh-httpx fresh-requests, tls -->`. An entry is
failed GETs, failed POSTs; of a cell that ran several times, or is in several reports, the worst. A POST that ran twice
is written out, so that no table hides it. Cells that no report has keep what the page says.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "clients.md"
TABLE = re.compile(r"^<!-- cells: (?P<apps>[^,]+), (?P<way>clear|tls) -->\n\n(?P<rows>(?:\|.*\n)+)", re.MULTILINE)

# Failed requests and requests that ran twice, by application, way, scenario and method.
Counts = Mapping[tuple[str, str, str, str], tuple[int, int]]


def counts_of(reports: list[dict[str, Any]]) -> Counts:
    """The counts of all cells; of one that several reports have, the worst of each count."""
    worst: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    for report in reports:
        way = "tls" if report["parameters"]["tls"] else "clear"
        for cell in report["cells"]:
            key = (cell["app"], way, cell["scenario"], cell["method"])
            for run in cell["runs"] or [cell]:
                failed, twice = worst.get(key, (0, 0))
                worst[key] = (max(failed, run["failed"]), max(twice, run["executed_twice"]))
    return worst


def rewritten(page: str, counts: Counts) -> str:
    """The page with the counts in its tables."""
    return TABLE.sub(lambda found: _table(found, counts), page)


def _table(found: re.Match[str], counts: Counts) -> str:
    apps, way = found["apps"].split(), found["way"]
    head, line, *rows = found["rows"].splitlines()
    written = [_row(row, apps, way, counts) for row in rows]
    return "\n".join([f"<!-- cells: {found['apps']}, {way} -->", "", head, line, *written, ""])


def _row(row: str, apps: list[str], way: str, counts: Counts) -> str:
    scenario, *before = (entry.strip() for entry in row.strip("|").split("|"))
    entries = [_entry(app, way, scenario, counts) or old for app, old in zip(apps, before, strict=True)]
    return f"| {' | '.join([scenario, *entries])} |"


def _entry(app: str, way: str, scenario: str, counts: Counts) -> str | None:
    get, post = (counts.get((app, way, scenario, method)) for method in ("GET", "POST"))
    if get is None or post is None:
        return None
    return f"{get[0]}, {post[0]}" + (f" ({post[1]} twice)" if post[1] else "")


def main() -> int:
    if len(sys.argv) < 2:
        print("write_client_tables.py: no report. Name the JSON reports of `unstale prove --app`.", file=sys.stderr)
        return 2
    before = PAGE.read_text("utf-8")
    after = rewritten(before, counts_of([json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:]]))
    PAGE.write_text(after, "utf-8")
    print("docs/clients.md: written" if after != before else "docs/clients.md: as it was")
    return 0


if __name__ == "__main__":
    sys.exit(main())
