"""Objects are accepted, warned of and rejected as by Istio's API server and webhook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.model.errors import ManifestError

ROWS = [json.loads(line) for line in (Path(__file__).parent / "verdicts.jsonl").read_text().splitlines()]


def _verdict(row: dict[str, Any], istio: str) -> str:
    text = json.dumps(row["object"])
    try:
        manifests = load([Source(name=row["id"], text=text)], istio=istio)
    except ManifestError:
        return "rejected"
    return "warned" if manifests.warnings else "accepted"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"VAL-{row['id']}")
def test_an_object_gets_istios_verdict(row: dict[str, Any]) -> None:
    assert _verdict(row, "1.32") == row["verdict"], row["shows"]


@pytest.mark.parametrize(
    ("row", "istio"),
    [(row, istio) for row in ROWS for istio in row.get("versions", ())],
    ids=lambda value: value if isinstance(value, str) else value["id"],
)
def test_an_object_gets_the_verdict_of_an_older_release(row: dict[str, Any], istio: str) -> None:
    assert _verdict(row, istio) == row["versions"][istio], row["shows"]
