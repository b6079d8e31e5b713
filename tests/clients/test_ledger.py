"""What the ledger books, tells and writes to the log."""

from __future__ import annotations

import logging

import pytest
from name_server import FakeClock

from unstale.clients.dns import Resolver
from unstale.clients.dns_cache import Found
from unstale.clients.events import AddressesChanged, ConnectionOpened, ConnectionRetired, Event, RequestRepeated
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Policy, Retirement
from unstale.clients.repeat import Broken, Story, may_repeat
from unstale.clients.tracked import Tracked

HOST = "shop.test"


class Book:
    """A ledger on a fake clock with a host whose addresses the test sets."""

    def __init__(self, policy: Policy | None = None, *addresses: str) -> None:
        self.clock = FakeClock()
        self.addresses = addresses or ("10.0.0.1",)
        self.events: list[Event] = []
        self.shut: list[str] = []
        self.resolver = Resolver(self._lookup, in_background=False, clock=self.clock)
        self.ledger = Ledger(policy, self.resolver, self.events.append, clock=self.clock, spread=lambda: 0.5)
        self.resolver.addresses(HOST)

    def open(self, address: str = "10.0.0.1") -> Tracked:
        tracked = self.ledger.opened(HOST, address, lambda: self.shut.append(address))
        assert self.ledger.claim(tracked)
        return tracked

    def idle(self, address: str = "10.0.0.1") -> Tracked:
        tracked = self.open(address)
        self.ledger.answered(tracked, None)
        assert self.ledger.release(tracked)
        return tracked

    def move(self, *addresses: str) -> None:
        self.addresses = addresses
        self.clock.advance(1)
        self.resolver.refresh(HOST)

    def reasons(self) -> list[Retirement]:
        return [event.reason for event in self.events if isinstance(event, ConnectionRetired)]

    def _lookup(self, host: str) -> Found:
        return Found(addresses=self.addresses, ttl_s=60)


def test_a_move_shuts_what_is_idle_and_lets_what_is_busy_finish() -> None:
    book = Book()
    idle, busy = book.idle(), book.open()
    book.move("10.0.0.2")
    assert book.shut == ["10.0.0.1"]
    assert not book.ledger.claim(idle)
    assert not book.ledger.may_carry(busy)
    assert not book.ledger.release(busy)
    assert book.reasons() == [Retirement.LEFT_DNS] * 2


def test_a_connection_to_an_address_that_left_meanwhile_carries_the_request_it_was_opened_for() -> None:
    book = Book()
    tracked = book.open("10.0.0.9")
    assert not book.ledger.release(tracked)
    assert book.reasons() == [Retirement.LEFT_DNS]


def test_a_connection_that_was_just_opened_is_not_shut_under_its_first_request() -> None:
    book = Book()
    tracked = book.ledger.opened(HOST, "10.0.0.1", lambda: book.shut.append("10.0.0.1"))
    book.move("10.0.0.2")
    assert book.shut == []
    assert book.ledger.claim(tracked)
    assert not book.ledger.release(tracked)


def test_streams_of_one_connection_are_counted() -> None:
    book = Book()
    tracked = book.open()
    assert not book.ledger.claim(tracked)
    assert book.ledger.claim(tracked, is_shared=True)
    book.ledger.join(tracked)
    book.clock.advance(60)
    assert book.ledger.release(tracked)
    assert book.ledger.release(tracked)
    assert book.ledger.release(tracked)
    book.clock.advance(3.9)
    assert book.ledger.claim(tracked)
    assert book.ledger.metrics.requests == 4


def test_a_shared_connection_takes_no_more_streams_when_it_is_old() -> None:
    book = Book(Policy(max_age_s=10, max_age_jitter=0))
    tracked = book.open()
    book.clock.advance(10)
    assert not book.ledger.may_carry(tracked)
    assert not book.ledger.claim(tracked, is_shared=True)
    assert book.reasons() == [Retirement.MAX_AGE]


def test_a_failed_address_loses_its_idle_connections_and_its_place() -> None:
    book = Book(None, "10.0.0.1", "10.0.0.2")
    book.idle()
    book.idle("10.0.0.2")
    book.ledger.suspect(HOST, "10.0.0.1")
    assert book.shut == ["10.0.0.1"]
    assert book.ledger.in_order(HOST, book.addresses) == ("10.0.0.2", "10.0.0.1")
    book.clock.advance(10)
    assert book.ledger.in_order(HOST, book.addresses) == ("10.0.0.1", "10.0.0.2")


def test_an_answer_clears_the_suspicion() -> None:
    book = Book(None, "10.0.0.1", "10.0.0.2")
    book.ledger.avoid(HOST, ("10.0.0.1",))
    book.ledger.answered(book.open(), None)
    assert book.ledger.suspects(HOST) == frozenset()


def test_a_closing_after_a_while_teaches_the_idle_limit_and_an_early_one_does_not() -> None:
    book = Book()
    early = book.idle()
    book.clock.advance(0.5)
    book.ledger.closed_by_peer(early)
    late = book.idle()
    book.clock.advance(3)
    book.ledger.closed_by_peer(late)
    another = book.idle()
    book.clock.advance(1.9)
    assert book.ledger.may_carry(another)
    book.clock.advance(0.2)
    assert not book.ledger.may_carry(another)


def test_a_new_limit_holds_for_connections_that_idle_already() -> None:
    book = Book()
    idle, busy = book.idle(), book.open()
    book.clock.advance(1.5)
    book.ledger.answered(busy, "timeout=2")
    assert not book.ledger.may_carry(idle)


def test_what_is_closed_past_its_limit_is_told_as_retired_and_what_is_closed_before_is_not() -> None:
    book = Book()
    first, second = book.idle(), book.idle()
    book.ledger.closed(first)
    book.clock.advance(5)
    book.ledger.closed(second)
    book.ledger.closed(second)
    assert book.reasons() == [Retirement.IDLE]
    assert book.ledger.metrics.open == {}


def test_each_retirement_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    book = Book()
    tracked = book.idle()
    book.clock.advance(2)
    with caplog.at_level(logging.INFO, "unstale.clients"):
        book.ledger.retire(tracked, Retirement.LEFT_DNS)
        book.ledger.retire(tracked, Retirement.IDLE)
    assert caplog.messages == [
        "shop.test: connection to 10.0.0.1 retired: address left DNS (age 2.0 s, idle 2.0 s, 1 requests)"
    ]


def test_events_and_counts_tell_the_same() -> None:
    book = Book()
    tracked = book.open()
    book.move("10.0.0.2")
    book.ledger.release(tracked)
    book.ledger.closed(tracked)
    book.open("10.0.0.2")
    assert [type(event) for event in book.events] == [
        ConnectionOpened,
        AddressesChanged,
        ConnectionRetired,
        ConnectionOpened,
    ]
    metrics = book.ledger.metrics
    assert (metrics.opened, metrics.open) == ({"10.0.0.1": 1, "10.0.0.2": 1}, {"10.0.0.2": 1})
    assert (metrics.retired, metrics.requests) == ({Retirement.LEFT_DNS: 1}, 2)


def test_hosts_without_a_connection_are_forgotten_when_there_are_many() -> None:
    book = Book()
    kept = book.idle()
    for number in range(1001):
        book.ledger.avoid(f"host-{number}.test", ("10.0.0.1",))
    book.open()
    assert book.ledger.suspects("host-0.test") == frozenset()
    assert book.ledger.claim(kept)


def a_get() -> Story:
    return Story("get", has_idempotency_key=False, is_replayable=True)


def test_repeats_wait_longer_each_time_and_use_what_dns_says_then() -> None:
    book = Book()
    tracked = book.idle()
    book.ledger.claim(tracked)
    story, pauses = a_get(), []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        book.clock.advance(seconds)

    broken = Broken(host=HOST, tracked=tracked, cut=Cut.UNANSWERED)
    while may_repeat(book.ledger, story, broken, sleep=sleep):
        broken = Broken(host=HOST, tracked=None, cut=Cut.UNANSWERED)
        if story.repeats == 3:
            book.addresses = ("10.0.0.2",)
    assert pauses == [0.25, 0.5, 1.0, 2.0]
    assert book.resolver.known(HOST) == ("10.0.0.2",)
    repeats = [event for event in book.events if isinstance(event, RequestRepeated)]
    assert str(repeats[1]) == "shop.test: GET cut before the answer, repeat 2 in 0.25 s"
    assert book.ledger.metrics.repeats == 5


def test_the_budget_ends_the_repeats_of_all_requests_together() -> None:
    book = Book(Policy(repeat_burst=2, repeat_ratio=0.5))
    tracked = book.idle()
    broken = Broken(host=HOST, tracked=tracked, cut=Cut.UNANSWERED)
    book.ledger.claim(tracked)
    book.ledger.join(tracked)
    assert [may_repeat(book.ledger, a_get(), broken) for _ in range(3)] == [True, True, False]
    book.ledger.claim(book.idle())
    assert may_repeat(book.ledger, a_get(), broken)
