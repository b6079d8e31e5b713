"""`unstale route` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from called import unstale


def test_each_step_stands_in_a_line_with_its_place(tmp_path: Path) -> None:
    done = unstale("route", "-f", "api.yaml", "--request", "POST http://api.example.com/pay", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[:6] == [
        "connection to an address that no manifest names, port 80",
        "listener 0.0.0.0_80 api.yaml:1:1",
        "filter chain application_protocols http/1.1/h2c, transport_protocol raw_buffer api.yaml:1:1",
        "virtual host api.example.com:80, by domain api.example.com api.yaml:1:1 api.yaml:12:1",
        "route pay (number 1) api.yaml:19:13",
        "time-out 5s api.yaml:20:14",
    ]
    assert "cluster outbound|80||api.example.com api.yaml:1:1" in lines


def test_the_same_as_json(tmp_path: Path) -> None:
    call = ("route", "-f", "api.yaml", "--request", "GET http://api.example.com/other", "-o", "json")
    told = json.loads(unstale(*call, cwd=tmp_path).stdout)
    assert told["passed_over"] == [{"name": "pay", "wanted": "path starts with /pay"}]
    assert told["end"] == {"kind": "answered", "status": 404, "because": "no route matches"}
    assert told["clusters"] == []


def test_an_encrypted_request_meets_no_route(tmp_path: Path) -> None:
    told = unstale("route", "-f", "api.yaml", "--request", "GET https://api.example.com/pay", cwd=tmp_path).stdout
    assert "encrypted: Envoy sees no request" in told
    assert "outbound|443||api.example.com" in told
    assert "\nroute " not in told


def test_an_unknown_host_passes(tmp_path: Path) -> None:
    call = ("route", "-f", "api.yaml", "--request", "GET http://b.example/", "--address", "203.0.113.9", "-H", "x: y")
    told = unstale(*call, cwd=tmp_path).stdout
    assert "to 203.0.113.9, port 80" in told
    assert "PassthroughCluster" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "api.yaml"], "--request"),
        (["-f", "api.yaml", "--request", "GET"], "--request: not a request (GET)"),
        (["-f", "api.yaml", "--request", "GET http://a/", "-H", "x"], "-H: not a header (x)"),
        (["-f", "api.yaml", "--request", "GET http://a/", "--address", "a"], "--address: not an IP address (a)"),
        (["--request", "GET http://a/"], "-f: no manifests"),
    ],
)
def test_wrong_usage_exits_2_with_one_message(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = unstale("route", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
