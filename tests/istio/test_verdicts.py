"""Objects are accepted, warned of and rejected as by Istio's API server and webhook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unstale.envoy.envoy_filter.value_faults import value_faults
from unstale.istio.judgement import judge
from unstale.istio.schema import NEWEST
from unstale.istio.source import Source

ROWS = [json.loads(line) for line in (Path(__file__).parent / "verdicts.jsonl").read_text().splitlines()]


def _verdict(row: dict[str, Any], istio: str) -> str:
    source = Source(name=row["id"], text=json.dumps(row["object"]))
    (one,) = judge([source], istio=istio, check_value=value_faults).objects
    return one.verdict.value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"VAL-{row['id']}")
def test_an_object_gets_istios_verdict(row: dict[str, Any]) -> None:
    assert _verdict(row, NEWEST) == row["verdict"], row["shows"]


@pytest.mark.parametrize("istio", ["1.31", "1.30", "1.29", "1.28"])
def test_all_objects_get_the_verdicts_of_an_older_release(istio: str) -> None:
    told = {row["id"]: _verdict(row, istio) for row in ROWS}

    assert told == {row["id"]: row.get("versions", {}).get(istio, row["verdict"]) for row in ROWS}
