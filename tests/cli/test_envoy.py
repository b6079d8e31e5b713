"""`unstale envoy` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from called import unstale


def test_all_as_json_has_the_four_lists_in_envoys_names(tmp_path: Path) -> None:
    done = unstale("envoy", "-f", "api.yaml", "--resource", "all", "-o", "json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(found) == ["listeners", "routes", "clusters", "endpoints"]
    assert found["clusters"][0]["connect_timeout"] == "10s"


def test_one_kind_as_yaml_is_the_same_as_json(tmp_path: Path) -> None:
    call = ("envoy", "-f", "api.yaml", "--resource", "clusters", "-o")
    as_yaml = yaml.safe_load(unstale(*call, "yaml", cwd=tmp_path).stdout)
    assert as_yaml == json.loads(unstale(*call, "json", cwd=tmp_path).stdout)


def test_tables_say_why(tmp_path: Path) -> None:
    told = unstale("envoy", "-f", "api.yaml", "--resource", "routes", cwd=tmp_path).stdout.splitlines()
    assert told[0].split() == ["ROUTE", "VIRTUAL", "HOST", "DOMAINS", "MATCH", "DESTINATION", "WHY"]
    assert told[1].endswith("prefix /pay   outbound|80||api.example.com   api.yaml:19:13")


def test_a_chain_that_parses_http_says_which_host_it_was_made_for(tmp_path: Path) -> None:
    told = unstale("envoy", "-f", "api.yaml", "--resource", "listeners", cwd=tmp_path).stdout.splitlines()
    chains = [line.split() for line in told if "raw_buffer" in line]
    assert chains == [["0.0.0.0", "80", "raw_buffer;", "http/1.1,", "h2c", "route", "80", "api.yaml:1:1"]]


def test_a_host_is_told_with_all_of_its_settings(tmp_path: Path) -> None:
    told = unstale("envoy", "-f", "api.yaml", "--host", "api.example.com", cwd=tmp_path).stdout
    settings = [line.split() for line in told.splitlines() if line.startswith("  ")]
    assert ["time-out", "5s", "api.yaml:20:14"] in settings
    assert ["retries", "at", "most", "3", "api.yaml:21:25"] in settings
    assert ["connect", "time-out", "10s", "Istio's", "default"] in settings
    assert "PassthroughCluster" not in told


def test_mesh_proxy_and_release_count(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text("connectTimeout: 3s\n")
    (tmp_path / "proxy.yaml").write_text("addresses: ['2001:db8::1']\n")
    options = ("--mesh-config", "mesh.yaml", "--proxy", "proxy.yaml", "--istio", "1.28")
    done = unstale("envoy", "-f", "api.yaml", *options, "--resource", "clusters", "-o", "json", cwd=tmp_path)
    cluster = json.loads(done.stdout)[0]
    assert cluster["connect_timeout"] == "3s"
    assert cluster["dns_lookup_family"] == "V6_ONLY"
    assert cluster["circuit_breakers"]["thresholds"][0]["track_remaining"] is True


def test_several_files_may_follow_one_option(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("")
    assert unstale("envoy", "-f", "b.yaml", "api.yaml", "-o", "json", cwd=tmp_path).returncode == 0


def test_a_proxy_that_has_what_is_compiled_is_equal(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text(unstale("envoy", "-f", "api.yaml", "-o", "json", cwd=tmp_path).stdout)
    done = unstale("envoy", "-f", "api.yaml", "--diff", "dump.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "The proxy has what these manifests give.\n")


def test_a_proxy_that_differs_exits_1_and_says_whose_line_it_is(tmp_path: Path) -> None:
    dump = unstale("envoy", "-f", "api.yaml", "-o", "json", cwd=tmp_path).stdout.replace(
        '"timeout": "5s"', '"timeout": "9s"'
    )
    (tmp_path / "dump.json").write_text(dump)
    done = unstale("envoy", "-f", "api.yaml", "--diff", "dump.json", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[2:] == [
        "  routes[0].route.timeout   api.yaml:20:14",
        '    proxy      "9s"',
        '    manifests  "5s"',
        "",
    ]
    told = json.loads(unstale("envoy", "-f", "api.yaml", "--diff", "dump.json", "-o", "json", cwd=tmp_path).stdout)
    assert told["differences"][0]["places"] == [
        {"path": "routes[0].route.timeout", "proxy": "9s", "manifests": "5s", "origin": "api.yaml:20:14"}
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "-f: no manifests"),
        (["-f", "missing.yaml"], "missing.yaml: no such file"),
        (["-f", "api.yaml", "--istio", "1.2"], "1.2"),
        (
            ["-f", "api.yaml", "--host", "b.example"],
            "--host: not in these manifests (b.example). Known: api.example.com.",
        ),
        (["-f", "api.yaml", "--mesh-config", "api.yaml"], "api.yaml:"),
        (["-f", "api.yaml", "--diff", "api.yaml"], "api.yaml: not JSON"),
        (["-f", "bad.yaml"], "bad.yaml:1:1"),
    ],
)
def test_wrong_input_exits_2_with_one_message(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: ServiceEntry\n")
    done = unstale("envoy", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
