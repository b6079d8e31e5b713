#!/usr/bin/env python3
"""Measure the pitfalls in the lab: the figures that `unstale lint` prints, one cell for each rule with a scenario.

    .venv/bin/python scripts/measure_pitfalls.py [--code UNS104]..

Each cell takes the bad example of the rule's own page as its manifests. What failed or ran twice is written into
src/unstale/lint/measured.tsv beside the command; a rule whose pitfall a scenario does not show has no row. Rows of
rules that are not measured anew are kept.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstale.lint.registry import rules
from unstale.lint.rule import Rule

_TABLE = Path(__file__).parent.parent / "src/unstale/lint/measured.tsv"
_HEAD = "code\tfigure\tcommand\n"
_EXAMPLE = re.compile(r"^Bad:\n\n((?:    .*\n|\n)+)", re.MULTILINE)
_MOST_S = 300

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "UNS104": ("--method", "POST"),
    "UNS301": ("--method", "GET", "--policy", "none"),
}
"""What differs from a GET with the rule's own manifests; UNS301 is about having none."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--code", action="append", metavar="CODE", help="only these rules")
    asked = parser.parse_args().code
    rows = dict(_rows())
    for rule in rules().values():
        if rule.scenario is None or (asked and rule.code not in asked):
            continue
        rows.pop(rule.code, None)
        row = _measured(rule)
        print(f"{rule.code} {rule.scenario}: {row[0] if row else 'not shown'}", flush=True)
        if row:
            rows[rule.code] = row
        _write(rows)
    return 0


def _rows() -> list[tuple[str, tuple[str, str]]]:
    lines = [line.split("\t") for line in _TABLE.read_text("utf-8").splitlines()[1:]]
    return [(code, (figure, command)) for code, figure, command in lines]


def _write(rows: Mapping[str, tuple[str, str]]) -> None:
    lines = "".join(f"{code}\t{figure}\t{command}\n" for code, (figure, command) in sorted(rows.items()))
    _TABLE.write_text(_HEAD + lines, "utf-8")


def _measured(rule: Rule) -> tuple[str, str] | None:
    """Figure and command; None where nothing failed and nothing ran twice."""
    options = [*_OPTIONS.get(rule.code, ("--method", "GET"))]
    with tempfile.TemporaryDirectory() as folder:
        manifests = Path(folder, f"{rule.name}.yaml")
        manifests.write_text(_example(rule), "utf-8")
        files = [] if "--policy" in options else [str(manifests)]
        told = ["prove", *(Path(name).name for name in files), "--scenario", str(rule.scenario), *options]
        found = Path(folder, "found.json")
        command = [sys.executable, "-m", "unstale.cli.main", "prove", *files, "--scenario", str(rule.scenario)]
        command += [*options, "--recordings", str(Path(folder, "recordings")), "--json", str(found)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_S)
        if not found.exists():
            print(f"{rule.code}: {ended.stderr.strip()[-500:]}", file=sys.stderr)
            return None
        figure = _figure(json.loads(found.read_text("utf-8"))["cells"][0])
    return (figure, f"unstale {' '.join(told)}") if figure else None


def _figure(cell: Mapping[str, Any]) -> str:
    what = f"{cell['method']}s"
    parts = []
    if cell["failed"]:
        parts.append(f"{cell['failed']} of {cell['requests']} {what} failed")
    if cell["executed_twice"]:
        parts.append(f"{cell['executed_twice']} of {cell['requests']} {what} ran more than once")
    return " and ".join(parts) + (f" in the scenario {cell['scenario']}" if parts else "")


def _example(rule: Rule) -> str:
    found = _EXAMPLE.search(rule.page)
    assert found is not None, f"{rule.name}: its page has no bad example"
    return "\n".join(line[4:] for line in found[1].rstrip("\n").split("\n")) + "\n"


if __name__ == "__main__":
    sys.exit(main())
