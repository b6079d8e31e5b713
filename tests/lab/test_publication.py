"""A published recording holds both logs and where they are from, and the ones in the repository are whole and small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unstale.accesslog.formats.istio_text import parse
from unstale.lab import catalogue
from unstale.lab.publication import FILES, LARGEST_BYTES, publish
from unstale.lab.recording import write_json, write_rows
from unstale.model.experiment import Actor, Cell, Event, Latency

RECORDINGS = Path(__file__).parent.parent / "recordings"
LINE = "a line of the sidecar's log\n"


def _cell(folder: Path) -> Cell:
    return Cell(
        scenario="calm",
        policy="none",
        method="GET",
        requests=2,
        ok=1,
        failed=1,
        failures={"client time-out": 1},
        executed_twice=0,
        executions=1,
        latency_ms=Latency(p50=1.0, p99=1.0, max=1.0),
        recovery_s=None,
        upstream_connections=1,
        late_ms=0.0,
        host_changes=(),
        events=(Event(at_s=1.0, actor=Actor.DNS, what="moved"),),
        timeline=(),
        bucket_s=0.25,
        first_failures=(),
        sentence="",
        log=str(folder),
    )


def _request(number: int, *, status: int, ended: float, error: str = "") -> dict[str, object]:
    times = {"due": ended - 0.5, "sent": ended - 0.5, "ended": ended, "late_s": 0.0}
    return {"id": f"{number:06d}", **times, "status": status, "body_bytes": 17 if status else 0, "error": error}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    folder = tmp_path / "cell"
    folder.mkdir()
    (folder / "access.log").write_text(LINE)
    write_rows(folder / "requests.jsonl", [_request(1, status=0, ended=102.0, error="client time-out")])
    write_rows(
        folder / "requests.jsonl",
        [_request(1, status=0, ended=102.0, error="client time-out"), _request(0, status=200, ended=101.25)],
    )
    answer = {"host": "a.example", "type": "A", "rcode": "NOERROR", "ttl_s": 1}
    write_rows(
        folder / "dns.jsonl",
        [
            {**answer, "at_s": 0.0, "addresses": ["203.0.113.1", "203.0.113.2"]},
            {**answer, "at_s": 1.0, "addresses": ["203.0.113.2", "203.0.113.1"]},
            {**answer, "at_s": 1.5, "type": "AAAA", "addresses": []},
            {**answer, "at_s": 2.0, "addresses": ["203.0.113.9"]},
        ],
    )
    order = {
        "target": {"host": "a.example", "port": 80},
        "program": "http-client",
        "workload": "steady",
        "pace": {"rate": 8.0},
        "world": {"ttl_s": 1},
        "versions": {"envoy": "1.40.0"},
        "command": "unstale prove",
        "method": "GET",
        "sources": [{"name": "a.yaml", "text": "kind: ServiceEntry\n"}],
    }
    write_json(folder / "order.json", order)
    write_json(folder / "start.json", {"monotonic_s": 100.0, "unix_s": 1_700_000_000.0})
    return folder


def test_the_log_is_as_it_was_and_the_applications_has_its_own_words(recorded: Path, tmp_path: Path) -> None:
    publish(_cell(recorded), tmp_path / "out")
    assert (tmp_path / "out" / "access.log").read_text() == LINE
    assert (tmp_path / "out" / "app.log").read_text().splitlines() == [
        "2023-11-14T22:13:21.250Z INFO GET a.example:80/orders/000000 200 17 bytes after 500 ms",
        "2023-11-14T22:13:22.000Z ERROR GET a.example:80/orders/000001 - 0 bytes (client time-out) after 500 ms",
    ]


def test_the_provenance_says_what_ran_and_how_dns_changed(recorded: Path, tmp_path: Path) -> None:
    publish(_cell(recorded), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "recording.json").read_text())
    assert (told["scenario"], told["policy"], told["started"]) == ("calm", "none", "2023-11-14T22:13:20.000+00:00")
    assert told["versions"] == {"envoy": "1.40.0"}
    assert [(answer["at_s"], len(answer["addresses"])) for answer in told["dns"]] == [(0.0, 2), (2.0, 1)]
    assert told["manifests"] == {"a.yaml": "kind: ServiceEntry\n"}
    assert told["events"] == [{"at_s": 1.0, "actor": "dns", "what": "moved"}]


def test_a_cell_without_a_log_publishes_an_empty_one(recorded: Path, tmp_path: Path) -> None:
    (recorded / "access.log").unlink()
    publish(_cell(recorded), tmp_path / "out")
    assert (tmp_path / "out" / "access.log").read_text() == ""


@pytest.mark.parametrize("scenario", catalogue.scenario_names())
def test_every_scenario_and_policy_is_recorded_and_small(scenario: str) -> None:
    for policy in catalogue.policy_names():
        folder = RECORDINGS / scenario / policy
        assert {path.name for path in folder.iterdir()} == set(FILES), folder
        assert all(path.stat().st_size <= LARGEST_BYTES for path in folder.iterdir()), folder
        told = json.loads((folder / "recording.json").read_text())
        assert (told["scenario"], told["policy"]) == (scenario, policy)
        assert told["requests"] == len((folder / "app.log").read_text().splitlines())


@pytest.mark.parametrize("scenario", [name for name in catalogue.scenario_names() if "tls-passthrough" not in name])
def test_every_line_of_a_recorded_log_can_be_read(scenario: str) -> None:
    for policy in catalogue.policy_names():
        lines = (RECORDINGS / scenario / policy / "access.log").read_text().splitlines()
        assert lines and all(parse(line) is not None for line in lines), policy
