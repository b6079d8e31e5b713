"""The shop's calls without Envoy; `test_against_envoy_lab.py` asks a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unstale.envoy.inputs import Setting, compile_sources
from unstale.envoy.resource import Resource, Resources
from unstale.istio.source import Source
from unstale.simulation.call import parse_call
from unstale.simulation.outcome import Answered, Closed, Piped, Routed, Sent
from unstale.simulation.simulate import simulate

SHOP = Path(__file__).with_name("shop.yaml")


@pytest.fixture(scope="module")
def shop() -> Resources:
    return compile_sources((Source(name="shop.yaml", text=SHOP.read_text()),), Setting()).resources


def outcome(resources: Resources, text: str, **more: Any) -> Any:
    return simulate(resources, parse_call(text, **more)).end


@pytest.mark.parametrize(
    ("text", "status", "location"),
    [
        ("GET http://shop.example.com/moved/x?y=z", 308, "http://cart.example.com/here?y=z"),
        ("GET http://shop.example.com/secure/x", 301, "https://shop.example.com:8443/secure/x"),
        ("DELETE http://shop.example.com/x", 405, ""),
        ("GET http://shop.example.com/nowhere", 503, ""),
        ("GET http://cart.example.com/other", 404, ""),
    ],
)
def test_envoy_answers_itself(shop: Resources, text: str, status: int, location: str) -> None:
    end = outcome(shop, text)
    assert isinstance(end, Routed)
    assert isinstance(end.result, Answered)
    assert (end.result.status, end.result.location) == (status, location)


def test_what_was_passed_over_is_told_in_order(shop: Resources) -> None:
    end = outcome(shop, "GET http://shop.example.com/v1/items/a")
    assert isinstance(end, Routed)
    assert [(one.name, one.because) for one in end.passed_over] == [
        ("exact", "path is /exact"),
        ("any-case", "path starts with /anycase"),
    ]
    assert end.place == 2


def test_the_server_gets_what_was_rewritten(shop: Resources) -> None:
    end = outcome(shop, "GET http://shop.example.com/old/a?b=c")
    assert isinstance(end, Routed)
    assert isinstance(end.result, Sent)
    assert (end.result.authority, end.result.path) == ("cart.example.com", "/new/a?b=c")


def test_shares_are_told(shop: Resources) -> None:
    found = simulate(shop, parse_call("GET http://shop.example.com/split")).clusters
    assert [(one.cluster, one.share) for one in found] == [
        ("outbound|80||shop.example.com", 0.7),
        ("outbound|80||cart.example.com", 0.3),
    ]


def test_tls_is_passed_on_by_its_server_name(shop: Resources) -> None:
    end = outcome(shop, "GET https://a.wild.example.com/")
    assert isinstance(end, Piped)
    assert [one.cluster for one in end.clusters] == ["outbound|443||shop.example.com"]


def test_an_address_of_a_manifest_has_its_own_listener(shop: Resources) -> None:
    found = simulate(shop, parse_call("GET http://any.example.net:9000/", address="203.0.113.20"))
    assert found.listener is not None
    assert found.listener.name == "203.0.113.20_9000"


def test_without_a_listener_or_chain_the_connection_is_closed() -> None:
    assert isinstance(outcome(Resources(), "GET http://a.example/"), Closed)
    bare = Resource(name="virtualOutbound", value={"use_original_dst": True})
    assert isinstance(outcome(Resources(listeners=(bare,)), "GET http://a.example/"), Closed)
