"""Listeners and route configurations are encoded item by item, and the bytes are those of the whole message."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from unstale.envoy.inputs import Session, Setting, compile_sources
from unstale.envoy.resource import Resource, Resources
from unstale.istio.source import Source
from unstale.sidecar.xds.encode import EncodeError, Encoder, encode_one
from unstale.sidecar.xds.items import Encoded
from unstale.sidecar.xds.snapshot import LISTENER, ROUTE, Snapshot

HOST = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec:
  hosts: [{name}.example.com]
  resolution: DNS
  ports:
  - {{number: 80, name: http, protocol: HTTP}}
  - {{number: 443, name: tls, protocol: TLS}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}}}
spec:
  hosts: [{name}.example.com]
  http: [{{timeout: {timeout}, route: [{{destination: {{host: {name}.example.com}}}}]}}]
"""


def sources(timeouts: dict[str, str]) -> tuple[Source, ...]:
    text = "---\n".join(HOST.format(name=name, timeout=timeout) for name, timeout in timeouts.items())
    return (Source(name="hosts.yaml", text=text),)


def bodies(snapshot: Snapshot) -> dict[tuple[str, str], tuple[str, bytes]]:
    return {
        (type_url, name): (entry.version, entry.body)
        for type_url, entries in snapshot.entries.items()
        for name, entry in entries.items()
    }


def items(snapshot: Snapshot, type_url: str, name: str) -> dict[int, bytes]:
    entry = snapshot.of(type_url)[name]
    assert isinstance(entry, Encoded)
    return {id(item.value): item.body for item in entry.items}


def test_the_bytes_are_those_of_the_whole_message() -> None:
    resources = compile_sources(sources(dict.fromkeys("abc", "5s")), Setting()).resources
    snapshot = Encoder().encode(resources)
    for type_url, several in ((LISTENER, resources.listeners), (ROUTE, resources.routes)):
        for resource in several:
            assert snapshot.of(type_url)[resource.name].body == encode_one(type_url, resource), resource.name


def test_after_an_edit_only_what_it_changed_is_encoded_again() -> None:
    session, encoder = Session(Setting()), Encoder()
    before = encoder.encode(session.compile(sources(dict.fromkeys("abc", "5s"))).resources)
    after = encoder.encode(session.compile(sources({"a": "5s", "b": "6s", "c": "5s"})).resources)
    known = items(before, ROUTE, "80")
    new = [body for key, body in items(after, ROUTE, "80").items() if key not in known]
    assert len(known) == 4
    assert len(new) == 1
    assert after.of(LISTENER)["0.0.0.0_443"] is before.of(LISTENER)["0.0.0.0_443"]


@pytest.mark.parametrize(
    "timeouts", [{"a": "5s"}, {"a": "5s", "b": "7s"}, dict.fromkeys("abcdefghijkl", "5s"), {"c": "5s", "aa": "1s"}]
)
def test_an_encoder_that_remembers_gives_what_a_fresh_one_gives(timeouts: dict[str, str]) -> None:
    session, encoder = Session(Setting()), Encoder()
    encoder.encode(session.compile(sources(dict.fromkeys("abcdef", "5s"))).resources)
    after = encoder.encode(session.compile(sources(timeouts)).resources)
    assert bodies(after) == bodies(Encoder().encode(compile_sources(sources(timeouts), Setting()).resources))


def test_equal_items_that_are_other_objects_are_not_encoded_again() -> None:
    encoder = Encoder()
    resources = compile_sources(sources(dict.fromkeys("ab", "5s")), Setting()).resources
    before = encoder.encode(resources)
    again = copy.deepcopy(resources)
    after = encoder.encode(again)
    kept = {id(body) for body in items(before, ROUTE, "80").values()}
    assert {id(body) for body in items(after, ROUTE, "80").values()} == kept


@pytest.mark.parametrize("hosts", [[], [{"name": "h" * 200, "domains": ["*"]}]], ids=["no item", "a long one"])
def test_limits(hosts: list[dict[str, Any]]) -> None:
    route = Resource(name="80", value={"name": "80", "virtual_hosts": hosts, "validate_clusters": False})
    body = Encoder().encode(Resources(routes=(route,))).of(ROUTE)["80"].body
    assert body == encode_one(ROUTE, route)


def test_a_wrong_item_is_told_by_the_name_of_its_resource() -> None:
    route = Resource(name="80", value={"name": "80", "virtual_hosts": [{"name": "x", "domain": []}]})
    with pytest.raises(EncodeError, match=r"^route 80: not Envoy's form") as raised:
        Encoder().encode(Resources(routes=(route,)))
    assert raised.value.resource.name == "80"
