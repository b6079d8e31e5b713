"""From options to cells: names are checked, defaults are as documented, files make a policy of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.envoy.inputs import compile_sources
from unstale.istio.source import Source
from unstale.lab import catalogue, matrix, variant
from unstale.lab.fitting import LAB_CA, with_authority
from unstale.lab.matrix import Question, plan
from unstale.lab.registry import members, paragraph
from unstale.lab.scenario import Timing
from unstale.lab.world import Tls
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


def test_the_default_is_seven_scenarios_every_policy_both_methods() -> None:
    orders = plan(Question(), FOLDER)
    assert len(catalogue.default_scenario_names()) == 7
    assert len(orders) == 7 * len(catalogue.policy_names()) * 2
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
        (Question(workload="steadi"), "--workload: unknown (steadi). Did you mean steady?"),
        (Question(apps=("wget",)), "--app: unknown (wget)"),
        (Question(apps=("h2-client",)), "--app h2-client: does not speak http/1.1"),
        (Question(tls=True, scenarios=("h2-cut",)), "--tls: h2-cut cannot be called with https (it speaks h2"),
        (Question(tls=True, scenarios=("grpc-cut",)), "--tls: grpc-cut cannot be called with https (it speaks grpc"),
        (Question(tls=True, scenarios=("tls-originated-rotation-slow",)), "(there the sidecar encrypts"),
        (Question(workload="all"), "--workload: unknown (all)"),
        (Question(apps=("curl", "all")), "--app: unknown (all)"),
        (Question(addresses=65), "--addresses: out of range (65). Allowed: 1 to 64."),
    ],
    ids=[
        *("scenario", "policy", "method", "host", "port", "only HTTP/2", "workload", "app", "protocol"),
        *("https in h2", "https in gRPC", "https twice", "every workload", "every app", "addresses"),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(question: Question, message: str) -> None:
    with pytest.raises(InputError) as refused:
        plan(question, FOLDER)
    assert message in str(refused.value)


def test_each_cell_is_run_with_each_application_in_a_folder_of_its_own() -> None:
    question = Question(scenarios=("calm",), policies=("none",), apps=("httpx", "fresh-httpx", "httpx"))
    orders = plan(question, FOLDER)
    assert [(order.method, order.program) for order in orders] == [
        ("GET", "httpx"),
        ("GET", "fresh-httpx"),
        ("POST", "httpx"),
        ("POST", "fresh-httpx"),
    ]
    assert len({order.folder for order in orders}) == len({order.name for order in orders}) == 4
    assert orders[0].name == "calm/none/GET/httpx"
    assert plan(Question(scenarios=("calm",)), FOLDER)[0].name == "calm/none/GET"


@pytest.mark.parametrize("scenario", ["calm", "own-503", "runs-then-cuts", "idle-race", "dns-servfail", "nat-forgets"])
def test_an_application_can_call_https_in_a_scenario_in_the_clear(scenario: str) -> None:
    clear, encrypted = (plan(Question(scenarios=(scenario,), tls=tls), FOLDER)[0] for tls in (False, True))
    assert (clear.world.tls, clear.target.port, clear.calls_https) == (Tls.NONE, 80, False)
    assert (encrypted.world.tls, encrypted.target.port, encrypted.calls_https) == (Tls.PASSTHROUGH, 443, True)
    assert encrypted.world.server == clear.world.server


def test_expectations_with_https_are_those_that_were_measured_with_it() -> None:
    known = catalogue.scenarios()
    assert variant.encrypted("rotation-gone", known).expects == known["tls-passthrough-rotation-gone"].expects
    assert variant.encrypted("tls-passthrough-rotation-gone", known) is known["tls-passthrough-rotation-gone"]
    assert variant.encrypted("calm", known).expects == {}


def test_cells_that_may_hang_start_first() -> None:
    orders = plan(Question(), FOLDER)
    first = matrix.slowest_first(orders)
    hanging = [catalogue.scenarios()[order.scenario].hangs for order in first]
    assert hanging == sorted(hanging, reverse=True) and hanging[0] and not hanging[-1]
    assert sorted(order.number for order in first) == [order.number for order in orders]


@pytest.mark.parametrize("duration_s", [1.0, 4.0, 8.0, 60.0])
@pytest.mark.parametrize("name", catalogue.scenario_names())
def test_every_scenario_explains_itself_and_strikes_within_its_time(name: str, duration_s: float) -> None:
    scenario = members("unstale.lab.scenarios", "SCENARIO")[name]
    assert len(paragraph("unstale.lab.scenarios", name).splitlines()) >= 3
    moments = scenario.moments(Timing(ttl_s=1, duration_s=duration_s))
    assert not moments or moments[0].after_s <= duration_s / 4


@pytest.mark.parametrize("name", catalogue.scenario_names())
def test_every_scenario_expects_something_of_every_policy_and_names_its_source(name: str) -> None:
    scenario = catalogue.scenarios()[name]
    wanted = {(policy, method) for policy in catalogue.policy_names() for method in scenario.methods or ("GET", "POST")}
    assert set(scenario.expects) == wanted
    assert scenario.source


@pytest.mark.parametrize("name", catalogue.scenario_names())
def test_what_a_policy_is_expected_to_lose_covers_what_nobody_can_avoid(name: str) -> None:
    scenario = catalogue.scenarios()[name]
    for method, least in scenario.least.items():
        bounds = scenario.expects["recommended", method]
        assert bounds.failed[1] >= least.failed and bounds.twice[1] >= least.twice
        assert least.why


def test_a_world_follows_the_parameters() -> None:
    question = Question(
        scenarios=("firewall-rst", "idle-race", "nat-forgets"), lease_s=7.0, idle_s=3.0, distance_ms=5.0, addresses=4
    )
    worlds = {order.scenario: order.world for order in plan(question, FOLDER)}
    firewall, nat = worlds["firewall-rst"].firewall, worlds["nat-forgets"].nat
    assert firewall is not None and firewall.lease_s == 7.0
    assert nat is not None and nat.idle_s == 6
    assert worlds["idle-race"].server.idle_s == 3.0
    assert {world.distance_ms for world in worlds.values()} == {5.0}
    assert len(worlds["firewall-rst"].addresses) == 4


def test_a_repeated_cell_is_ordered_as_often_and_each_run_has_its_folder() -> None:
    orders = plan(Question(scenarios=("calm",), policies=("none",), methods=("GET",), repeat=3), FOLDER)
    assert [order.run for order in orders] == [1, 2, 3]
    assert len({order.folder for order in orders}) == 3 == len({order.name for order in orders})


@pytest.mark.parametrize("name", catalogue.scenario_names())
def test_the_manifests_of_every_policy_compile_in_every_world(name: str) -> None:
    for order in plan(Question(scenarios=(name,)), FOLDER):
        assert compile_sources(with_authority(order.sources, "/ca.pem"), order.setting).resources.clusters


def test_tls_is_added_where_the_sidecar_is_to_speak_it() -> None:
    for policy in ("none", "article", "recommended"):
        question = Question(scenarios=("tls-originated-rotation-slow",), policies=(policy,), methods=("GET",))
        (order,) = plan(question, FOLDER)
        text = "\n".join(source.text for source in order.sources)
        assert "mode: SIMPLE" in text and LAB_CA in text, policy
        assert order.target.port == 80


def test_the_application_calls_443_where_it_speaks_tls_itself() -> None:
    (order,) = plan(
        Question(scenarios=("tls-passthrough-rotation-slow",), policies=("none",), methods=("GET",)), FOLDER
    )
    assert order.target.port == 443 and 443 in order.world.ports
    assert order.sources == ()


def test_http2_scenarios_choose_their_application_and_say_so_in_the_manifests() -> None:
    question = Question(scenarios=("grpc-cut",), policies=("recommended",), methods=("POST",))
    (order,) = plan(question, FOLDER)
    assert order.program == "h2-client"
    assert "protocol: GRPC" in order.sources[0].text
