"""`unstale prove` as a user calls it: help, listing, and wrong usage, without running anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
"""


def _unstale(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unstale.cli.main", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def test_lists_what_it_can_prove(tmp_path: Path) -> None:
    told = _unstale("prove", "--list", cwd=tmp_path)
    data = json.loads(_unstale("prove", "--list", "-o", "json", cwd=tmp_path).stdout)
    assert told.returncode == 0
    assert next(iter(data["scenarios"])) == "calm"
    assert set(data["policies"]) == {
        "none",
        "fresh-dns",
        "short-lived",
        "article",
        "mesh-max-age",
        "recommended",
        "files",
    }
    assert all(name in told.stdout for name in (*data["scenarios"], *data["policies"]))
    assert "\x1b" not in told.stdout


def test_lists_applications_and_workloads_too_and_json_needs_no_file(tmp_path: Path) -> None:
    data = json.loads(_unstale("prove", "--list", "--json", cwd=tmp_path).stdout)
    assert list(data) == ["scenarios", "policies", "apps", "workloads"]
    assert {"http-client", "h2-client", "curl", "wrk"} <= set(data["apps"])
    assert {"steady", "sparse", "burst", "long-requests", "large-uploads", "effects"} == set(data["workloads"])
    assert all(len(text) > 80 for group in data.values() for name, text in group.items() if name != "files")
    assert len(data["scenarios"]) > 40
    assert "Source: " in data["scenarios"]["idle-race"]


def test_help_names_the_exit_codes(tmp_path: Path) -> None:
    assert "Exit codes: 0 the limits hold" in _unstale("prove", "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.yaml"], "missing.yaml"),
        (["--scenario", "calmm"], "Did you mean calm?"),
        (["--rate", "0"], "--rate"),
        (["--method", "FETCH"], "--method: unknown (FETCH)"),
        (["--json", "nowhere/out.json"], "nowhere/out.json: its folder does not exist (nowhere)"),
        (["--recordings", "/dev/shm/x"], "/dev/shm is the lab's own"),
        (["--mesh-config", "missing.yaml"], "missing.yaml"),
        (["--istio", "1.2"], "1.2"),
        (["--workload", "stedy"], "--workload: unknown (stedy). Did you mean steady?"),
        (["--app", "wgett"], "--app: unknown (wgett)"),
        (["--app", "h2-client"], "--app h2-client: does not speak http/1.1"),
        (["--app", "curl", "--app", "crul"], "--app: unknown (crul). Did you mean curl?"),
        (["--tls", "--scenario", "h2-cut"], "--tls: h2-cut cannot be called with https (it speaks h2"),
        (["--addresses", "65"], "--addresses"),
        (["--distance", "-1"], "--distance"),
        (["--repeat", "0"], "--repeat"),
    ],
    ids=[
        "no file",
        "scenario",
        "rate",
        "method",
        "json folder",
        "recordings",
        "mesh",
        "istio",
        "workload",
        "app",
        "protocol",
        "second app",
        "https in HTTP/2",
        "addresses",
        "distance",
        "repeat",
    ],
)
def test_wrong_usage_exits_2_with_one_message(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = _unstale("prove", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_manifest_errors_are_told_at_their_places_and_nothing_is_started(tmp_path: Path) -> None:
    bad = GOOD.replace("resolution: DNS", "resolution: DSN").replace("protocol: HTTP", "protocl: HTTP")
    (tmp_path / "bad.yaml").write_text(bad)
    (tmp_path / "worse.yaml").write_text("kind: [unclosed\n")
    done = _unstale("prove", "bad.yaml", "worse.yaml", cwd=tmp_path)
    assert done.returncode == 2
    for place in ("bad.yaml:6:", "bad.yaml:7:", "worse.yaml:"):
        assert place in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "recordings").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, tmp_path: Path) -> None:
    done = _unstale("completion", shell, cwd=tmp_path)
    assert done.returncode == 0
    assert "_UNSTALE_COMPLETE" in done.stdout
