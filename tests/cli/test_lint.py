"""`unstale lint`: exit codes, options, and the ways its findings come out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner

from unstale.cli.lint import COMMAND
from unstale.cli.main import group

_ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  resolution: RESOLUTION
  ports: [{number: 443, name: tls, protocol: TLS}]
"""
_BAD, _GOOD = (
    _ENTRY.replace("RESOLUTION", "NONE"),
    _ENTRY.replace("RESOLUTION", "STATIC").replace("  ports:", "  endpoints: [{address: 192.0.2.1}]\n  ports:"),
)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(_BAD, "utf-8")
    return path


def _lint(*arguments: object, text: str | None = None) -> tuple[int, str, str]:
    ran = CliRunner().invoke(group, ["lint", *map(str, arguments)], input=text, standalone_mode=False)
    status = ran.return_value if ran.exception is None else 2
    return status, ran.stdout, str(ran.exception or "") + ran.stderr


def test_finding_and_exit_code(bad: Path) -> None:
    status, told, _ = _lint(bad)
    assert status == 1
    assert f"{bad}:6:15: E UNS302 resolution is NONE" in told
    assert "    6 |   resolution: NONE\n      |               ^\n" in told
    assert told.endswith("1 error.\n")


def test_nothing_found(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(_GOOD, "utf-8")
    status, told, _ = _lint(tmp_path)
    assert (status, told.splitlines()[-1]) == (0, "Nothing found.")


def test_standard_input_and_json() -> None:
    status, told, _ = _lint("-", "-o", "json", text=_BAD)
    assert status == 1
    assert [(one["code"], one["file"], one["line"]) for one in json.loads(told)["findings"]] == [("UNS302", "-", 6)]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--select", "UNS302"], 1),
        (["--select", "uns1,UNS4"], 0),
        (["--ignore", "UNS302"], 0),
        (["--ignore", "UNS1", "--ignore", "UNS4"], 1),
        (["--fail-on", "E"], 1),
        (["--fail-on", "I"], 1),
        (["-o", "github"], 1),
        (["-o", "sarif"], 1),
    ],
)
def test_options(bad: Path, arguments: list[str], status: int) -> None:
    assert _lint(bad, *arguments)[0] == status


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "lint: no manifests"),
        (["nowhere.yaml"], "nowhere.yaml: no such file or folder"),
        (["{bad}", "--select", "UNS9"], "--select: no rule begins so (UNS9)"),
        (["{bad}", "--ignore", "X"], "--ignore: no rule begins so (X)"),
        (["{bad}", "--istio", "1.5"], "1.5"),
        (["{bad}", "--resolver", "nobody"], "--resolver: no address (nobody)"),
    ],
)
def test_wrong_usage_is_one_message(bad: Path, arguments: list[str], told: str) -> None:
    status, out, error = _lint(*(argument.replace("{bad}", str(bad)) for argument in arguments))
    assert (status, out) == (2, "")
    assert told in error


def test_information_alone_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "weight.yaml"
    path.write_text(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\n"
        "spec: {hosts: [a], http: [{route: [{destination: {host: a}, weight: 5}]}]}\n",
        "utf-8",
    )
    assert [_lint(path)[0], _lint(path, "--fail-on", "I")[0]] == [0, 1]


def test_release_mesh_and_pod_are_followed(bad: Path, tmp_path: Path) -> None:
    mesh, pod = tmp_path / "mesh.conf", tmp_path / "pod.conf"
    mesh.write_text("outboundTrafficPolicy: {}\naccessLogFile: /dev/stdout\n", "utf-8")
    pod.write_text("namespace: other\n", "utf-8")
    told = _lint(bad, "--mesh-config", mesh, "-o", "json")[1]
    places = [(one["code"], Path(one["file"]).name) for one in json.loads(told)["findings"]]
    assert ("UNS522", "mesh.conf") in places
    private = bad.read_text("utf-8") + '  exportTo: ["."]\n'
    bad.write_text(private, "utf-8")
    assert json.loads(_lint(bad, "--proxy", pod, "-o", "json")[1])["findings"] == []


def test_help_names_no_hidden_module() -> None:
    told = CliRunner().invoke(group, ["--help"]).stdout
    assert "lint " in told
    assert "lint_dns" not in told and "lint-server" not in told
    assert COMMAND.name == "lint"


def test_watch_judges_again_when_a_file_changes(bad: Path) -> None:
    pytest.importorskip("watchfiles")
    with _running("--watch", str(bad.parent)) as (_, out):
        assert _until(out, "error.") is not None
        bad.write_text(_GOOD, "utf-8")
        assert _until(out, "Nothing found.") is not None


def test_editor_gets_findings_as_diagnostics(bad: Path) -> None:
    pytest.importorskip("pygls")
    with _running("--lsp") as (process, out):
        assert process.stdin is not None
        document = {"uri": bad.as_uri(), "languageId": "yaml", "version": 1, "text": _BAD}
        _send(
            process.stdin,
            {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        )
        _send(process.stdin, {"method": "initialized", "params": {}})
        _send(process.stdin, {"method": "textDocument/didOpen", "params": {"textDocument": document}})
        (diagnostic,) = _diagnostics(out)
        assert (diagnostic["code"], diagnostic["severity"]) == ("UNS302", 1)
        assert diagnostic["range"]["start"] == {"line": 5, "character": 14}
        changed = {"textDocument": {"uri": bad.as_uri(), "version": 2}, "contentChanges": [{"text": _GOOD}]}
        _send(process.stdin, {"method": "textDocument/didChange", "params": changed})
        assert _diagnostics(out) == []


@contextmanager
def _running(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "unstale.cli.main", "lint", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.wait()


def _until(out: IO[bytes], wanted: str) -> str | None:
    """The first line that has it; None where the output ends before."""
    for line in iter(out.readline, b""):
        if wanted in line.decode():
            return line.decode()
    return None


def _send(into: IO[bytes], message: dict[str, Any]) -> None:
    text = json.dumps({"jsonrpc": "2.0", **message}).encode()
    into.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
    into.flush()


def _diagnostics(out: IO[bytes]) -> list[dict[str, Any]]:
    """Those of the next notification about a document."""
    while True:
        length = 0
        while (line := out.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message = json.loads(out.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            found: list[dict[str, Any]] = message["params"]["diagnostics"]
            return found
