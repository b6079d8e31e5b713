"""The authority answers as DNS demands, and the forwarder reads addresses out of any answer."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from unstale.lab.dns.authority import Authority
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
