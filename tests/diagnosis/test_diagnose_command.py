"""`unstale diagnose` as a whole: output, exit codes, evidence files, and messages instead of tracebacks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from diagnosing import istio, served, written

from unstale.cli.diagnose import COMMAND
from unstale.model.errors import InputError

THROUGH = "PassthroughCluster"


def run(*arguments: str, stdin: str | None = None) -> Result:
    """The command with these arguments."""
    return CliRunner().invoke(COMMAND, list(arguments), input=stdin, standalone_mode=False)


def test_nothing_failed(tmp_path: Path) -> None:
    result = run(str(written(tmp_path, served(0))))
    assert (result.return_value, result.exception) == (0, None)
    assert "Nothing failed" in result.output


def test_something_failed(tmp_path: Path) -> None:
    result = run(str(written(tmp_path, istio(0))), "-o", "json")
    assert result.return_value == 1
    assert [finding["flag"] for finding in json.loads(result.output)["findings"]] == ["UC"]


def test_compressed_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "old.log.gz").write_bytes(gzip.compress(f"{istio(0)}\n".encode()))
    (tmp_path / "logs" / "new.log").write_text(f"{istio(1)}\n")
    result = run(str(tmp_path / "logs"), "-o", "json")
    assert json.loads(result.output)["findings"][0]["count"] == 2


def test_a_dns_history_moves_the_ranking(tmp_path: Path) -> None:
    log = written(tmp_path, *(istio(number, cluster=THROUGH, route="allow_any") for number in range(3)))
    history = tmp_path / "dns.jsonl"
    history.write_text('{"host": "api.example.com", "addresses": ["203.0.113.99"], "at_s": -5}\n')
    result = run(str(log), "--dns-history", str(history), "-o", "json")
    assert json.loads(result.output)["findings"][0]["causes"][0]["cause"] == "lb_ip_changed"


def test_names_are_looked_up_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from unstale.cli import diagnose
    from unstale.diagnosis.background import DnsAnswer

    asked: list[str] = []

    def answer(host: str) -> DnsAnswer:
        asked.append(host)
        return DnsAnswer(host=host, addresses=("203.0.113.99",))

    monkeypatch.setattr(diagnose, "_answer", answer)
    log = str(written(tmp_path, istio(0), istio(1, host="orders.shop.svc.cluster.local")))
    run(log)
    assert asked == []
    run(log, "--dns")
    assert asked == ["api.example.com"]


def test_envoys_files_and_manifests_are_read(tmp_path: Path) -> None:
    log = written(tmp_path, istio(0, 503, "UH", "no_healthy_upstream", sent=19, upstream="-", local="-"))
    (tmp_path / "stats").write_text("cluster.outbound|80||api.example.com.update_empty: 4\n")
    (tmp_path / "clusters").write_text("outbound|80||api.example.com::added_via_api::true\n")
    (tmp_path / "dump").write_text(
        json.dumps({"configs": [], "clusters": [{"name": "outbound|80||api.example.com", "type": "STRICT_DNS"}]})
    )
    (tmp_path / "se.yaml").write_text(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: a, namespace: b}\n"
        "spec: {hosts: [api.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}\n"
    )
    files = [f"--{name}" for name in ("stats", "clusters")]
    options = [word for option in files for word in (option, str(tmp_path / option[2:]))]
    result = run(str(log), *options, "-f", str(tmp_path / "se.yaml"), "-o", "json")
    assert result.exception is None
    first = json.loads(result.output)["findings"][0]["causes"][0]
    assert first["cause"] == "dns_failure"
    assert any("update_empty 4" in words for words in first["for"])
    assert any("se.yaml" in words for words in first["for"])


def test_a_format_of_ones_own(tmp_path: Path) -> None:
    log = tmp_path / "own.log"
    log.write_text("503|UC|api.example.com\n")
    result = run(str(log), "--log-format", "%RESPONSE_CODE%|%RESPONSE_FLAGS%|%REQ(:AUTHORITY)%", "-o", "json")
    assert [one["host"] for one in json.loads(result.output)["findings"]] == ["api.example.com"]


def test_the_html_is_written(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = run(str(written(tmp_path, istio(0))), "--html", str(page))
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert f"written: {page}" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.log",), "missing.log: no such file"),
        (("{log}", "--stats", "{log}"), "no counter of a cluster"),
        (("{log}", "--clusters", "{log}"), "no cluster in it"),
        (("{log}", "--config-dump", "{log}"), "not JSON"),
        (("{log}", "--dns-history", "{log}"), "not JSON"),
        (("{log}", "--html", "/nowhere/at/all.html"), "cannot be written"),
        (("{log}", "--log-format", "%PROTOCOL%"), "neither %RESPONSE_CODE% nor %RESPONSE_FLAGS%"),
    ],
)
def test_wrong_input_is_one_message(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    log = str(written(tmp_path, istio(0)))
    result = run(*(argument.replace("{log}", log) for argument in arguments))
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


def test_the_lines_are_told_before_the_causes_are_sought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from unstale.diagnosis import diagnose

    def never(*_: object) -> None:
        raise InputError("stop here")

    monkeypatch.setattr(diagnose, "diagnose", never)
    log = str(written(tmp_path, istio(0)))
    assert run(log).output == "1 line: 1 Istio text\n\n"
    assert run(log, "-o", "json").output == ""
