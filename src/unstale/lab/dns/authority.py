"""Answer for the lab's hosts, with addresses and a time to live that can be changed while running.

A question for a known host of another type gets an empty answer, an unknown name NXDOMAIN, both with the SOA that
bounds negative caching (RFC 2308). The first address rotates from answer to answer, as load balancers do it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """One question: `at` is a CLOCK_MONOTONIC time, `addresses` are in the order of the answer.

    `rcode` is empty where no answer was given.
    """

    at: float
    host: str
    type: str
    rcode: str
    ttl_s: int
    addresses: tuple[str, ...]


class Failing(StrEnum):
    """How the authority fails: a name that does not exist, one without addresses, its own trouble, no word at all."""

    NXDOMAIN = "NXDOMAIN"
    EMPTY = "an empty answer"
    SERVFAIL = "SERVFAIL"
    SILENT = "no answer"


class Authority(asyncio.DatagramProtocol):
    """An authoritative server on UDP. `addresses` are IPv4, the same for all hosts; `ttl_s` is whole seconds.

    `failing` says how it fails now, None where it does not.

    `last_asked` maps a host to the CLOCK_MONOTONIC time of the last question about it; `answers` is the whole history.
    """

    def __init__(self, hosts: Iterable[str], addresses: Iterable[str], ttl_s: int) -> None:
        self._hosts = {dns.name.from_text(host) for host in hosts}
        self._addresses = tuple(addresses)
        self.ttl_s = ttl_s
        self.failing: Failing | None = None
        self.questions = 0
        self._turn = 0
        self.last_asked: dict[str, float] = {}
        self.answers: list[DnsAnswer] = []
        self._known: dict[tuple[object, ...], tuple[bytes, tuple[DnsAnswer, ...]]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """What the hosts resolve to now."""
        return self._addresses

    def move(self, addresses: Iterable[str]) -> None:
        """Every answer from now on names `addresses`."""
        self._addresses = tuple(addresses)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.questions += 1
        # The same question in the same state has the same answer: an application that asks before each request must
        # not wait for the lab's Python.
        shift = self._turn % max(1, len(self._addresses))
        key = (data[2:], shift, self._addresses, self.ttl_s, self.failing)
        if key not in self._known:
            try:
                question = dns.message.from_wire(data)
            except dns.exception.DNSException:
                return
            response = self.answer(question)
            self._known[key] = (response.to_wire(want_shuffle=False)[2:], tuple(self._told(response)))
        wire, told = self._known[key]
        self._note(told)
        # Only who asks for addresses moves the turn: resolvers ask for A and AAAA in pairs, and half of the addresses
        # would never come first.
        self._turn += any(answer.type == "A" for answer in told)
        assert self._transport is not None
        if self.failing is not Failing.SILENT:
            self._transport.sendto(data[:2] + wire, addr)

    def answer(self, question: dns.message.Message) -> dns.message.Message:
        """The response to one question message."""
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA
        if not question.question:
            response.set_rcode(dns.rcode.FORMERR)
            return response
        if self.failing is Failing.SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        asked = question.question[0]
        known = asked.name in self._hosts and self.failing is not Failing.NXDOMAIN
        if known and asked.rdtype == dns.rdatatype.A and self._addresses and self.failing is None:
            response.answer.append(self._records(asked.name))
            return response
        if not known:
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(self._soa(asked.name))
        return response

    def _note(self, told: Iterable[DnsAnswer]) -> None:
        now = time.monotonic()
        for answer in told:
            self.last_asked[answer.host] = now
            self.answers.append(replace(answer, at=now))

    def _told(self, response: dns.message.Message) -> Iterator[DnsAnswer]:
        for asked in response.question:
            yield DnsAnswer(
                at=0.0,
                host=asked.name.to_text(omit_final_dot=True).lower(),
                type=dns.rdatatype.to_text(asked.rdtype),
                rcode="" if self.failing is Failing.SILENT else dns.rcode.to_text(response.rcode()),
                ttl_s=self.ttl_s,
                addresses=tuple(record.address for records in response.answer for record in records),
            )

    def _records(self, name: dns.name.Name) -> dns.rrset.RRset:
        shift = self._turn % len(self._addresses)
        ordered = self._addresses[shift:] + self._addresses[:shift]
        return dns.rrset.from_text_list(name, self.ttl_s, dns.rdataclass.IN, dns.rdatatype.A, ordered)

    def _soa(self, name: dns.name.Name) -> dns.rrset.RRset:
        zone = name.parent() if len(name) > 2 else name
        text = f"ns.invalid. admin.invalid. 1 3600 600 86400 {self.ttl_s}"
        return dns.rrset.from_text(zone, self.ttl_s, dns.rdataclass.IN, dns.rdatatype.SOA, text)
