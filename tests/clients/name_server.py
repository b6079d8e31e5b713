"""A DNS server on loopback UDP whose answers a test writes, and a resolver that asks only it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from unstale.clients.dns import Resolver
from unstale.clients.lookup import SystemLookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record set: `data` as in a zone file."""

    name: str
    ttl_s: int
    kind: str
    data: tuple[str, ...]


class NameServer:
    """Answers what `records` says, or the `rcode` set for the type of the question, or nothing if that is `silent`.

    `asked` lists the questions.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.rcode: dict[str, int] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port: int = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> NameServer:
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._sock.close()

    def point(self, name: str, *addresses: str, ttl_s: int = 60) -> None:
        """The name has these addresses and no others."""
        by_kind = {"A": [one for one in addresses if ":" not in one], "AAAA": [one for one in addresses if ":" in one]}
        self.records = [
            Record(name=name, ttl_s=ttl_s, kind=kind, data=tuple(data)) for kind, data in by_kind.items() if data
        ]

    def lookup(self, *, resolution_delay_s: float = 2.0) -> SystemLookup:
        return SystemLookup(
            nameservers=("127.0.0.1",),
            port=self.port,
            lifetime_s=2.0,
            resolution_delay_s=resolution_delay_s,
            hosts_file="/nowhere",
            resolv_conf="/nowhere",
        )

    def resolver(self, clock: Callable[[], float] | None = None) -> Resolver:
        if clock is None:
            return Resolver(self.lookup(), in_background=False)
        return Resolver(self.lookup(), in_background=False, clock=clock)

    def _serve(self) -> None:
        while True:
            wire, peer = self._sock.recvfrom(4096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            if dns.rdatatype.to_text(query.question[0].rdtype) in self.silent:
                continue
            self._sock.sendto(self._answer(query).to_wire(want_shuffle=False), peer)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{question.name} {kind}")
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if kind in self.rcode:
            response.set_rcode(dns.rcode.Rcode(self.rcode[kind]))
            return response
        wanted = question.name.to_text(omit_final_dot=True)
        while found := self._find(wanted, kind):
            response.answer.append(dns.rrset.from_text(f"{wanted}.", found.ttl_s, "IN", found.kind, *found.data))
            if found.kind != "CNAME":
                break
            wanted = found.data[0].rstrip(".")
        if not any(record.name == wanted for record in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def _find(self, name: str, kind: str) -> Record | None:
        return next((one for one in self.records if one.name == name and one.kind in (kind, "CNAME")), None)


class FakeClock:
    """Time that passes when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
