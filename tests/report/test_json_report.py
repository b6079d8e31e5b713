"""The JSON form: its shape, its rounding, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hostile
import pytest
from experiment_sample import cell, experiment

from unstale.model.errors import InputError
from unstale.model.experiment import Latency
from unstale.report import cell_detail
from unstale.report.json_report import from_json, to_json

PROMISED = [
    "scenario",
    "policy",
    "method",
    "requests",
    "ok",
    "failed",
    "failures",
    "executed_twice",
    "executions",
    "latency_ms",
    "recovery_s",
    "upstream_connections",
    "host_changes",
    "log",
]


def test_a_stored_report_reads_back_as_the_same_experiment() -> None:
    assert from_json(json.loads(json.dumps(to_json(experiment())))) == experiment()


def test_a_cell_carries_its_application_and_files_without_it_are_read() -> None:
    one = replace(experiment(), cells=(replace(cell("calm", "none", "GET"), app="fresh-httpx"),))
    written = to_json(one)
    assert written["cells"][0]["app"] == "fresh-httpx"
    assert from_json(written) == one
    del written["cells"][0]["app"]
    assert from_json(written).cells[0].app == ""


def test_any_text_survives_the_way_there_and_back() -> None:
    poisoned = hostile.experiment(experiment())
    assert from_json(json.loads(json.dumps(to_json(poisoned)))) == poisoned


def test_a_cell_begins_with_the_promised_keys_in_their_order() -> None:
    written = to_json(experiment())
    assert all(list(entry)[: len(PROMISED)] == PROMISED for entry in written["cells"])
    assert list(written["cells"][0]["latency_ms"]) == ["p50", "p99", "max"]
    assert written["cells"][0]["log"] == "recordings/20250301T120000Z/calm-none-GET"


def test_failures_and_host_changes_are_plain_values() -> None:
    entry = to_json(replace(experiment(), cells=(cell("rotation-sudden", "article", "GET"),)))["cells"][0]
    assert entry["failures"] == {"503 UF,URX remote_connection_failure": 48, "503 UC,URX connection_termination": 3}
    assert entry["host_changes"][1] == {
        "at_s": 2.713,
        "host": "api.example.com",
        "addresses": ["198.51.100.21", "198.51.100.22"],
    }


def test_milliseconds_are_rounded_to_a_tenth_and_seconds_to_a_thousandth() -> None:
    rough = replace(
        cell("calm", "none", "GET"),
        latency_ms=Latency(p50=1.04999, p99=2.25001, max=None),
        recovery_s=0.12345,
        late_ms=0.06,
    )
    entry = to_json(replace(experiment(), took_s=1.23456, cells=(rough,)))
    assert entry["took_s"] == 1.235
    assert entry["cells"][0]["latency_ms"] == {"p50": 1.0, "p99": 2.3, "max": None}
    assert (entry["cells"][0]["recovery_s"], entry["cells"][0]["late_ms"]) == (0.123, 0.1)


def test_a_cell_that_never_recovers_has_null() -> None:
    written = to_json(replace(experiment(), cells=(cell("rotation-sudden", "none", "GET"),)))
    assert written["cells"][0]["recovery_s"] is None


def test_no_cells_and_no_texts_are_a_report_too() -> None:
    empty = replace(experiment(), cells=(), texts={})
    written = to_json(empty)
    del written["texts"]
    assert from_json(written) == empty


def test_keys_of_a_newer_version_are_left_out() -> None:
    written = to_json(experiment())
    written["weather"] = None
    written["cells"][0]["weather"] = {"failed": 1}
    assert from_json(written) == experiment()


def test_what_an_older_version_did_not_write_is_as_if_nobody_had_asked() -> None:
    written = to_json(experiment())
    for name in ("manifests", "left_out"):
        del written[name]
    for one in written["cells"]:
        for name in cell_detail.to_json(cell("calm", "none", "GET")):
            del one[name]
    old = from_json(written)
    assert old.manifests == {}
    assert (old.cells[0].bound, old.cells[0].expectation, old.cells[0].runs) == (None, "", ())
    assert [one.failed for one in old.cells] == [one.failed for one in experiment().cells]


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        place: Any = written
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def _without_log(written: dict[str, Any]) -> None:
    del written["cells"][2]["log"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _set("cells", 3, "requests", to="x"),
            'r.json: cells[3].requests: is not a count ("x"). Write a whole number, 0 or more.',
        ),
        (
            _set("cells", 3, "failed", to=-1),
            "r.json: cells[3].failed: is not a count (-1). Write a whole number, 0 or more.",
        ),
        (
            _set("cells", 0, "ok", to=True),
            "r.json: cells[0].ok: is not a count (true). Write a whole number, 0 or more.",
        ),
        (
            _set("cells", 0, "latency_ms", "p50", to="fast"),
            'r.json: cells[0].latency_ms.p50: is not a number ("fast"). Write a number such as 0.25.',
        ),
        (
            _set("cells", 0, "late_ms", to=float("nan")),
            "r.json: cells[0].late_ms: is not a number (NaN). Write a number such as 0.25.",
        ),
        (_set("cells", 0, "bucket_s", to=0), "r.json: cells[0].bucket_s: is too small (0). Write a number above 0."),
        (
            _set("cells", 0, "failures", to={"503 UC": None}),
            'r.json: cells[0].failures."503 UC": is not a count (null). Write a whole number, 0 or more.',
        ),
        (_set("cells", 2, "events", 0, to={"at_s": 1, "actor": "cat", "what": ""}), None),
        (_without_log, "r.json: cells[2].log: is missing. Write what `unstale prove --json` writes there."),
        (_set("cells", to={}), "r.json: cells: is not a list ({}). Write [..]."),
        (_set("cells", 0, to=None), "r.json: cells[0]: is not an object (null). Write {..}."),
        (_set("versions", "envoy", to=1.4), 'r.json: versions.envoy: is not a text (1.4). Write "..".'),
    ],
)
def test_a_wrong_value_is_told_with_its_place(change: Callable[[dict[str, Any]], None], message: str | None) -> None:
    written = to_json(experiment())
    written["cells"][2]["events"] = [{"at_s": 0, "actor": "dns", "what": ""}]
    change(written)
    with pytest.raises(InputError) as raised:
        from_json(written, source="r.json")
    wanted = message or (
        'r.json: cells[2].events[0].actor: is unknown ("cat"). '
        "Allowed: dns, load balancer, firewall, server, sidecar, app."
    )
    assert str(raised.value) == wanted


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_what_is_no_report_at_all_is_told(value: object) -> None:
    with pytest.raises(InputError, match=r"^report: is not an object"):
        from_json(value)


def test_a_long_wrong_value_is_cut() -> None:
    with pytest.raises(InputError) as raised:
        from_json("x" * 1000)
    assert len(str(raised.value)) < 120
