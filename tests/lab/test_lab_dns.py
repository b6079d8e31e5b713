"""The authority answers as DNS demands, and the forwarder reads addresses out of any answer."""

from __future__ import annotations

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from unstale.lab.dns.authority import Authority, Failing
from unstale.lab.dns.forwarder import addresses_in


def _ask(authority: Authority, name: str, kind: str = "A") -> dns.message.Message:
    return authority.answer(dns.message.make_query(name, kind))


@pytest.fixture
def authority() -> Authority:
    return Authority(["api.example.com"], ["203.0.113.1", "203.0.113.2"], ttl_s=2)


def test_answers_with_all_addresses_and_its_time_to_live(authority: Authority) -> None:
    answer = _ask(authority, "api.example.com")
    assert answer.flags & dns.flags.AA
    assert {record.address for record in answer.answer[0]} == {"203.0.113.1", "203.0.113.2"}
    assert answer.answer[0].ttl == 2


def test_names_are_compared_without_case(authority: Authority) -> None:
    assert _ask(authority, "API.Example.COM").answer


def test_moves_and_changes_its_time_to_live_while_running(authority: Authority) -> None:
    authority.move(["203.0.113.9"])
    authority.ttl_s = 30
    answer = _ask(authority, "api.example.com")
    assert [record.address for record in answer.answer[0]] == ["203.0.113.9"]
    assert answer.answer[0].ttl == 30


def test_another_type_gets_an_empty_answer_and_another_name_does_not_exist(authority: Authority) -> None:
    empty = _ask(authority, "api.example.com", "AAAA")
    unknown = _ask(authority, "other.example.com")
    assert (empty.rcode(), len(empty.answer), empty.authority[0].rdtype) == (dns.rcode.NOERROR, 0, dns.rdatatype.SOA)
    assert (unknown.rcode(), unknown.authority[0].rdtype) == (dns.rcode.NXDOMAIN, dns.rdatatype.SOA)


def test_no_address_left_is_an_empty_answer(authority: Authority) -> None:
    authority.move([])
    assert _ask(authority, "api.example.com").answer == []


def test_forwarder_reads_addresses_and_nothing_else(authority: Authority) -> None:
    assert set(addresses_in(_ask(authority, "api.example.com").to_wire())) == {"203.0.113.1", "203.0.113.2"}
    assert addresses_in(_ask(authority, "other.example.com").to_wire()) == ()
    assert addresses_in(b"no DNS message") == ()


class _Wire(asyncio.DatagramTransport):
    """Keeps what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def sendto(self, data: bytes | bytearray | memoryview, addr: object = None) -> None:
        self.sent.append(bytes(data))


def _datagrams(authority: Authority, *kinds: str) -> list[dns.message.Message]:
    wire = _Wire()
    authority.connection_made(wire)
    for kind in kinds:
        authority.datagram_received(dns.message.make_query("api.example.com", kind).to_wire(), ("192.0.2.1", 53))
    return [dns.message.from_wire(data) for data in wire.sent]


def _first(answer: dns.message.Message) -> str:
    return str(answer.answer[0][0].to_text())


def test_every_address_comes_first_in_turn_although_resolvers_ask_in_pairs(authority: Authority) -> None:
    answers = [answer for answer in _datagrams(authority, *["A", "AAAA"] * 4) if answer.answer]
    assert [_first(answer) for answer in answers] == ["203.0.113.1", "203.0.113.2"] * 2


def test_each_answer_carries_the_id_of_its_question(authority: Authority) -> None:
    wire = _Wire()
    authority.connection_made(wire)
    questions = [dns.message.make_query("api.example.com", "A") for _ in range(3)]
    for question in questions:
        authority.datagram_received(question.to_wire(), ("192.0.2.1", 53))
    assert [dns.message.from_wire(data).id for data in wire.sent] == [question.id for question in questions]


@pytest.mark.parametrize(
    ("failing", "rcode", "addresses"),
    [
        (None, dns.rcode.NOERROR, 2),
        (Failing.EMPTY, dns.rcode.NOERROR, 0),
        (Failing.NXDOMAIN, dns.rcode.NXDOMAIN, 0),
        (Failing.SERVFAIL, dns.rcode.SERVFAIL, 0),
    ],
)
def test_fails_in_each_way_and_heals(
    authority: Authority, failing: Failing | None, rcode: dns.rcode.Rcode, addresses: int
) -> None:
    authority.failing = failing
    (answer,) = _datagrams(authority, "A")
    assert answer.rcode() == rcode
    assert sum(len(records) for records in answer.answer) == addresses
    authority.failing = None
    assert _datagrams(authority, "A")[0].answer


def test_a_silent_authority_answers_nothing_and_still_notes_that_it_was_asked(authority: Authority) -> None:
    authority.failing = Failing.SILENT
    assert _datagrams(authority, "A") == []
    assert [(answer.host, answer.rcode) for answer in authority.answers] == [("api.example.com", "")]
