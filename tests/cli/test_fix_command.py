"""`unstale fix` as a user calls it: whole manifests, patches, repairs in place, exit codes and messages."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from called import unstale

sys.path.insert(0, str(Path(__file__).parent.parent / "clients"))
from name_server import NameServer

from unstale.remedy.registry import remedies

ARTICLE = files("unstale.lab.policies").joinpath("article.yaml").read_text()


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.yaml"
    path.write_text(ARTICLE)
    return path


def test_a_host_gets_whole_manifests_on_standard_output_alone(tmp_path: Path) -> None:
    done = unstale("fix", "--host", "api.example.com", "--ttl", "5", cwd=tmp_path)
    assert done.returncode == 0
    kinds = [one["kind"] for one in yaml.safe_load_all(done.stdout)]
    assert kinds == ["ServiceEntry", "VirtualService", "DestinationRule"]
    assert "outlasts the time to live of 5 s" in done.stdout
    assert "proved by the default scenarios" in done.stderr


@pytest.mark.parametrize(
    ("form", "kinds", "proof"),
    [
        ("mesh", [None], remedies()["mesh-ends-connections"].proof),
        ("ambient", ["ServiceEntry", "VirtualService"], "unproved"),
        ("gateway-api", ["ServiceEntry", "HTTPRoute"], "unproved"),
        ("egress-gateway", ["ServiceEntry", "Gateway", "VirtualService", "DestinationRule"], "unproved"),
    ],
)
def test_other_forms_say_whether_they_are_proved(form: str, kinds: list[str], proof: str, tmp_path: Path) -> None:
    done = unstale("fix", "--host", "api.example.com", "--form", form, cwd=tmp_path)
    assert done.returncode == 0
    assert [one.get("kind") for one in yaml.safe_load_all(done.stdout)] == kinds
    assert proof in done.stderr


def test_a_firewall_that_hears_only_the_application_is_told_of_the_mesh(tmp_path: Path) -> None:
    asked = ("fix", "--host", "api.example.com")
    assert "--form mesh" in unstale(*asked, "--firewall-hears", "application", cwd=tmp_path).stderr
    assert "--form mesh" not in unstale(*asked, cwd=tmp_path).stderr


def test_json_is_one_list_for_kubectl(tmp_path: Path) -> None:
    done = unstale("fix", "--host", "api.example.com", "-o", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["kind"] == "List"


def test_the_diff_touches_nothing(article: Path, tmp_path: Path) -> None:
    done = unstale("fix", "-f", "article.yaml", "--diff", cwd=tmp_path)
    assert done.returncode == 0
    assert "\n-      retryOn: 'gateway-error,connect-failure,refused-stream,5xx'\n" in done.stdout
    assert article.read_text() == ARTICLE


def test_write_repairs_in_place_once(article: Path, tmp_path: Path) -> None:
    article.chmod(0o640)
    first = unstale("fix", "-f", "article.yaml", "--write", cwd=tmp_path)
    assert (first.returncode, first.stdout) == (0, "")
    assert "6 findings ended, 0 left" in first.stderr
    repaired = article.read_text()
    assert "may-be-repeated" in repaired
    assert article.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api.yaml", "article.yaml"]
    second = unstale("fix", "article.yaml", "--write", cwd=tmp_path)
    assert "0 findings ended, 0 left" in second.stderr
    assert article.read_text() == repaired
    assert unstale("lint", "article.yaml", cwd=tmp_path).returncode == 0


def test_line_breaks_of_windows_stay(article: Path, tmp_path: Path) -> None:
    article.write_bytes(ARTICLE.replace("\n", "\r\n").encode())
    unstale("fix", "-f", "article.yaml", "--write", cwd=tmp_path)
    text = article.read_bytes().decode()
    assert text.count("\n") == text.count("\r\n")


def test_without_write_the_repaired_manifests_are_printed(article: Path, tmp_path: Path) -> None:
    done = unstale("fix", "-f", "article.yaml", cwd=tmp_path)
    assert len(list(yaml.safe_load_all(done.stdout))) == 5
    as_json = json.loads(unstale("fix", "-f", "article.yaml", "-o", "json", "-q", cwd=tmp_path).stdout)
    assert len(as_json["items"]) == 5


def test_what_is_left_is_told_and_counts(tmp_path: Path) -> None:
    text = ARTICLE.replace("timeout: 30s", "timeout: 30s\n    fault: {abort: {httpStatus: 500}}")
    (tmp_path / "a.yaml").write_text(text)
    done = unstale("fix", "-f", "a.yaml", "--diff", cwd=tmp_path)
    assert done.returncode == 1
    assert "left UNS117" in done.stderr
    assert "no remedy in files" in done.stderr


def test_a_diagnosis_names_hosts_and_what_no_manifest_ends(tmp_path: Path) -> None:
    causes = [{"cause": "lb_ip_changed", "probability": 0.8, "for": [], "against": []}]
    own = [{"cause": "upstream_own_5xx", "probability": 0.9, "for": [], "against": []}]
    findings = [{"host": "api.example.com", "causes": causes}, {"host": "b.example.com", "causes": own}]
    (tmp_path / "d.json").write_text(json.dumps({"lines": {}, "findings": findings}))
    done = unstale("fix", "--from", "d.json", cwd=tmp_path)
    assert done.returncode == 0
    assert "api.example.com: lb_ip_changed (80%): " in done.stderr
    assert "b.example.com: upstream_own_5xx (90%): no manifest ends it" in done.stderr
    hosts = {host for one in yaml.safe_load_all(done.stdout) for host in one["spec"].get("hosts", ())}
    assert hosts == {"api.example.com"}
    assert unstale("fix", "--from", "d.json", "--host", "b.example.com", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--host: missing"),
        (["--host", "no host"], "--host: not a host name (no host)"),
        (["--host", "a.example.com", "--write"], "-f: no manifests to repair"),
        (["--host", "a.example.com", "--port", "x"], "--port: not a port (x)"),
        (["--host", "a.example.com", "--port", "80:XYZ"], "--port: unknown protocol (80:XYZ)"),
        (["--host", "a.example.com", "--idempotency-key", "a b"], "--idempotency-key: not the name of a header (a b)"),
        (["--host", "a.example.com", "--istio", "1.2"], "1.2"),
        (["--host", "a.example.com", "--istio", "1.30", "--form", "mesh"], "needs Istio 1.31"),
        (["--host", "a.example.com", "--form", "ambient", "--prove"], "--prove: the lab runs sidecars"),
        (["--from", "none.json"], "none.json: cannot be read"),
        (["-f", "none.yaml"], "none.yaml: no such file"),
        (["--from", "api.yaml"], "api.yaml: no JSON"),
    ],
)
def test_wrong_usage_is_said_in_words(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = unstale("fix", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_has_a_page_for_each_remedy(tmp_path: Path) -> None:
    done = unstale("fix", "--list", cwd=tmp_path)
    assert done.returncode == 0
    for remedy in remedies().values():
        assert f"{remedy.name}  {', '.join(remedy.codes) or 'whole manifests only'}  {remedy.proof}\n" in done.stdout
    assert "What it does" in done.stdout


def test_dns_is_asked_for_what_was_not_told(tmp_path: Path) -> None:
    with NameServer() as server:
        server.point("api.example.com", "192.0.2.1", ttl_s=5)
        where = ["--dns", "--resolver", f"127.0.0.1:{server.port}"]
        done = unstale("fix", "--host", "api.example.com", *where, cwd=tmp_path)
        assert "outlasts the time to live of 5 s" in done.stdout
        assert "outlierDetection" not in done.stdout
        told = unstale("fix", "--host", "api.example.com", "--ttl", "2", "--addresses", "3", *where, cwd=tmp_path)
        assert "outlasts the time to live of 2 s" in told.stdout
        assert "outlierDetection" in told.stdout
        gone = unstale("fix", "--host", "gone.example.com", *where, cwd=tmp_path)
        assert gone.returncode == 2
        assert "--dns: gone.example.com has no address" in gone.stderr
        assert unstale("fix", "-f", "api.yaml", *where, cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("budget", ["", "0", "10x", "-3", "1.5h"])
def test_a_budget_is_cells_or_a_time(budget: str, tmp_path: Path) -> None:
    done = unstale("tune", "--budget", budget, cwd=tmp_path)
    assert done.returncode == 2
    assert "--budget: neither cells nor a time" in done.stderr
