"""`unstale validate` as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

GOOD = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
"""
ODD = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch, namespace: shop}
spec:
  configPatches:
  - applyTo: CLUSTER
    patch: {operation: MERGE, value: {conect_timeout: 5s}}
"""
BAD = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch}
spec:
  configPatches:
  - applyTo: CLUSTER
    patch: {operation: MERGE, value: {connect_timeout: 5}}
"""
BROKEN = "kind: [unclosed\n"
OTHER = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"


def _unstale(*arguments: str, cwd: Path, given: bytes = b"") -> tuple[int, str, str]:
    command = [sys.executable, "-m", "unstale.cli.main", "validate", *arguments]
    done = subprocess.run(command, cwd=cwd, input=given, capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of five documents."""
    (tmp_path / "a.yaml").write_text(f"{GOOD}---\n{BAD}---\n{BROKEN}")
    (tmp_path / "b.yml").write_text(f"{OTHER}---\n{ODD}")
    return tmp_path


def test_text_is_grouped_by_file_with_places_and_a_summary(folder: Path) -> None:
    status, told, _ = _unstale(".", cwd=folder)

    assert status == 1
    assert told == (
        "a.yaml\n"
        "  accepted  ServiceEntry shop/api\n"
        "  rejected  EnvoyFilter default/patch\n"
        "    9:1: warning: an EnvoyFilter changes what any release may make otherwise."
        " Prefer another kind where there is one, and look again with each upgrade.\n"
        "    15:56: error: connect_timeout is not a duration such as 5s (5). Write a duration such as 5s.\n"
        "  rejected  document 3\n"
        "    18:1: error: not readable as YAML: did not find expected ',' or ']' while parsing a flow sequence begun in"
        " line 17. Check indentation, colons and quotes here and in the line before.\n"
        "\n"
        "b.yml\n"
        "  warned    EnvoyFilter shop/patch\n"
        "    5:1: warning: an EnvoyFilter changes what any release may make otherwise."
        " Prefer another kind where there is one, and look again with each upgrade.\n"
        '    11:55: warning: Cluster has no such field (conect_timeout). Did you mean "connect_timeout"?\n'
        "\n"
        "4 objects: 1 accepted, 1 warned, 2 rejected. Skipped: 1 Service.\n"
    )


def test_json_has_an_entry_for_each_object(folder: Path) -> None:
    status, told, _ = _unstale("-o", "json", "a.yaml", "b.yml", cwd=folder)
    data: dict[str, Any] = json.loads(told)

    assert status == 1
    assert data["skipped"] == {"Service": 1}
    assert data["objects"][0] == {
        "file": "a.yaml",
        "document": 1,
        "kind": "ServiceEntry",
        "namespace": "shop",
        "name": "api",
        "verdict": "accepted",
        "messages": [],
    }
    assert [(one["file"], one["document"], one["verdict"]) for one in data["objects"]] == [
        ("a.yaml", 1, "accepted"),
        ("a.yaml", 2, "rejected"),
        ("a.yaml", 3, "rejected"),
        ("b.yml", 2, "warned"),
    ]
    assert data["objects"][1]["messages"][1] == {
        "line": 15,
        "column": 56,
        "severity": "error",
        "message": "connect_timeout is not a duration such as 5s (5). Write a duration such as 5s.",
    }


@pytest.mark.parametrize(("text", "status"), [(GOOD, 0), (ODD, 0), (BAD, 1), (BROKEN, 1), ("", 0)])
def test_standard_input_is_judged_and_only_a_rejection_fails(text: str, status: int, tmp_path: Path) -> None:
    done, told, _ = _unstale("-", cwd=tmp_path, given=text.encode())

    assert done == status
    assert ("-\n" in told) is (text != "")
    assert "\x1b" not in told


def test_an_older_release_does_not_know_newer_fields(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.replace("DNS", "DYNAMIC_DNS").replace("api.", "'*.").replace("com]", "com']"))

    assert _unstale("a.yaml", cwd=tmp_path)[0] == 0
    assert _unstale("--istio", "1.27", "a.yaml", cwd=tmp_path)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["missing.yaml"], b"", "missing.yaml: no such file or folder."),
        (["."], b"", ".: no manifests in this folder."),
        (["-"], b"\xff", "-: not UTF-8 text (byte 0)."),
        (["--istio", "2.0", "-"], b"", "Known are 1.24 to 1.32."),
        ([], b"", "Missing argument 'FILE..'"),
    ],
    ids=["missing", "empty folder", "not UTF-8", "release", "no file"],
)
def test_an_input_that_cannot_be_read_exits_2(arguments: list[str], given: bytes, message: str, tmp_path: Path) -> None:
    status, told, error = _unstale(*arguments, cwd=tmp_path, given=given)

    assert (status, told) == (2, "")
    assert message in error
