"""From options to cells: names are checked, defaults are as documented, files make a policy of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.istio.source import Source
from unstale.lab import matrix
from unstale.lab.matrix import Question, plan
from unstale.lab.registry import members, paragraph
from unstale.lab.scenario import Timing
from unstale.model.errors import InputError

ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com, files.example.com]
  resolution: STATIC
  ports:
  - {number: 443, name: https, protocol: HTTPS}
  - {number: 8080, name: http, protocol: HTTP, targetPort: 9090}
  endpoints: [{address: 198.51.100.7}]
"""
FOLDER = Path("recordings")


def _own(text: str = ENTRY) -> tuple[Source, ...]:
    return (Source(name="api.yaml", text=text),)


def test_the_default_is_every_scenario_every_policy_both_methods() -> None:
    orders = plan(Question(), FOLDER)
    assert len(orders) == len(matrix.scenario_names()) * len(matrix.policy_names()) * 2
    assert orders[0].scenario == "calm"
    assert len({order.folder for order in orders}) == len(orders)


def test_files_alone_mean_the_policy_files_on_their_first_http_port() -> None:
    orders = plan(Question(files=_own(), scenarios=("calm",), methods=("GET",)), FOLDER)
    assert [order.policy for order in orders] == ["files"]
    target = orders[0].target
    assert (target.host, target.port) == ("api.example.com", 8080)
    assert set(target.hosts) == {"api.example.com", "files.example.com"}
    assert {443, 9090} <= set(target.ports)
    assert target.addresses == ("198.51.100.7",)


def test_host_chooses_among_the_files() -> None:
    question = Question(files=_own(), scenarios=("calm",), host="files.example.com")
    assert plan(question, FOLDER)[0].target.host == "files.example.com"


def test_other_policies_call_the_host_of_the_files_and_the_article_its_own() -> None:
    question = Question(files=_own(), scenarios=("calm",), policies=("recommended", "article"), methods=("GET",))
    recommended, article = plan(question, FOLDER)
    assert "api.example.com" in recommended.sources[0].text
    assert article.target.host == "host1.yourdomain.com"


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question(scenarios=("rotation-slwo",)), "--scenario: unknown (rotation-slwo). Did you mean rotation-slow?"),
        (Question(policies=("files",)), "--policy: unknown (files)"),
        (Question(methods=("FETCH",)), "--method: unknown (FETCH)"),
        (Question(files=_own(), host="other.example.com"), "no ServiceEntry with an HTTP port to call (other.example"),
        (Question(files=_own(), port=443), "(any host:443)"),
        (Question(files=_own(ENTRY.replace("protocol: HTTP,", "protocol: GRPC,"))), "(any host:any port)"),
    ],
    ids=["scenario", "policy", "method", "host", "port", "only HTTP/2"],
)
def test_what_cannot_be_run_is_refused_in_words(question: Question, message: str) -> None:
    with pytest.raises(InputError) as refused:
        plan(question, FOLDER)
    assert message in str(refused.value)


def test_cells_that_may_hang_start_first() -> None:
    orders = plan(Question(), FOLDER)
    first = matrix.slowest_first(orders)
    assert first[0].scenario == "firewall-drop"
    assert sorted(order.number for order in first) == [order.number for order in orders]


@pytest.mark.parametrize("duration_s", [1.0, 4.0, 8.0, 60.0])
@pytest.mark.parametrize("name", matrix.scenario_names())
def test_every_scenario_explains_itself_and_strikes_within_its_time(name: str, duration_s: float) -> None:
    scenario = members("unstale.lab.scenarios", "SCENARIO")[name]
    assert len(paragraph("unstale.lab.scenarios", name).splitlines()) >= 3
    moments = scenario.moments(Timing(ttl_s=1, duration_s=duration_s))
    assert not moments or moments[0].after_s <= duration_s / 4


@pytest.mark.parametrize("name", matrix.scenario_names())
def test_every_scenario_expects_something_of_the_three_main_policies(name: str) -> None:
    scenario = members("unstale.lab.scenarios", "SCENARIO")[name]
    for policy in ("none", "article", "recommended"):
        assert (policy, "GET") in scenario.expects
