"""`unstale upgrade` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from called import MANIFESTS, unstale


def test_changes_are_told_per_host_in_words_and_as_a_diff(tmp_path: Path) -> None:
    done = unstale("upgrade", "-f", "api.yaml", "--from", "1.30", "--to", "1.31", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "From 1.30 to 1.31",
        "",
        "api.example.com",
        "  since 1.31: panic is off: requests no longer go to endpoints that are ejected or unhealthy when too few "
        "others are left, but fail with 503 UH once none is",
        "",
        "  cluster outbound|80||api.example.com   api.yaml:1:1",
        "  cluster outbound|443||api.example.com   api.yaml:1:1",
        "  + common_lb_config.healthy_panic_threshold: {}",
    ]


def test_the_same_as_json(tmp_path: Path) -> None:
    done = unstale("upgrade", "-f", "api.yaml", "--from", "1.30", "--to", "1.31", "-o", "json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert (told["from"], told["to"], told["refused"], told["notes"]) == ("1.30", "1.31", [], [])
    (host,) = told["hosts"]
    assert host["host"] == "api.example.com"
    (reason,) = host["reasons"]
    assert reason["since"] == "1.31"
    assert host["changes"][0]["differences"] == [
        {"path": "common_lb_config.healthy_panic_threshold", "after": {}, "reason": reason["words"]}
    ]


def test_hosts_that_change_in_the_same_way_are_told_once(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        MANIFESTS.replace("api.example", "other.example").replace("name: api", "name: other")
    )
    told = unstale("upgrade", "-f", "api.yaml", "b.yaml", "--from", "1.30", "--to", "1.31", cwd=tmp_path).stdout
    assert "api.example.com, other.example.com\n" in told
    assert told.count("panic is off") == 1


def test_nothing_changes_exits_0(tmp_path: Path) -> None:
    done = unstale("upgrade", "-f", "api.yaml", "--from", "1.31", "--to", "1.31", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "From 1.31 to 1.31 nothing changes for these manifests.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "api.yaml"], "--from"),
        (["-f", "api.yaml", "--from", "1.31", "--to", "1.28"], "--to: older than --from"),
        (["-f", "api.yaml", "--from", "1.31", "--to", "1.99"], "1.99"),
        (["-f", "bad.yaml", "--from", "1.28", "--to", "1.31"], "bad.yaml:1:1"),
        (["--from", "1.28", "--to", "1.31"], "-f: no manifests"),
    ],
)
def test_wrong_input_exits_2_with_one_message(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: ServiceEntry\n")
    done = unstale("upgrade", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
