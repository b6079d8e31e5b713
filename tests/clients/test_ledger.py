"""What the ledger books, tells and writes to the log."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import pytest
from name_server import FakeClock

from unstale.clients.counts import MANY_ADDRESSES, OTHERS
from unstale.clients.dns import Resolver
from unstale.clients.dns_cache import Found
from unstale.clients.events import AddressesChanged, ConnectionOpened, ConnectionRetired, Event, RequestRepeated
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Cut, Policy, Retirement
from unstale.clients.repeat import SETTLE_S, Broken, Story, may_repeat
from unstale.clients.tracked import Tracked

HOST = "shop.test"


class Book:
    """A ledger on a fake clock with a host whose addresses the test sets."""

    def __init__(self, policy: Policy | None = None, *addresses: str, ttl_s: float = 60.0) -> None:
        self.clock = FakeClock()
        self.ttl_s = ttl_s
        self.addresses = addresses or ("10.0.0.1",)
        self.events: list[Event] = []
        self.shut: list[str] = []
        self.lookup: Callable[[str], Found] | None = None
        self.resolver = Resolver(self._lookup, in_background=False, clock=self.clock)
        self.ledger = Ledger(policy, self.resolver, self.events.append, clock=self.clock, spread=lambda: 0.5)
        self.resolver.addresses(HOST)

    def open(self, address: str = "10.0.0.1") -> Tracked:
        tracked = self.ledger.opened(HOST, address, lambda: self._shut(address))
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

    def _shut(self, address: str) -> bool:
        self.shut.append(address)
        return True

    def _lookup(self, host: str) -> Found:
        return Found(addresses=self.addresses, ttl_s=self.ttl_s) if self.lookup is None else self.lookup(host)


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
    tracked = book.ledger.opened(HOST, "10.0.0.1", lambda: book._shut("10.0.0.1"))
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


def test_the_counts_by_address_are_bounded_and_lose_nothing() -> None:
    book = Book(None, *(f"10.0.{number // 256}.{number % 256}" for number in range(1000)))
    for address in book.addresses:
        book.ledger.closed(book.open(address))
    opened = book.ledger.metrics.opened
    assert len(opened) <= MANY_ADDRESSES + 2
    assert sum(opened.values()) == 1000
    assert opened[book.addresses[-1]] == 1
    assert opened[OTHERS] == 1000 - len(opened) + 1


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


def cut(tracked: Tracked | None = None) -> Broken:
    return Broken(host=HOST, tracked=tracked, cut=Cut.UNANSWERED)


class Waits:
    """Sleeps on the book's clock, and moves the host when so much time has passed."""

    def __init__(self, book: Book, *, moves_after_s: float = math.inf) -> None:
        self.pauses: list[float] = []
        self._book = book
        self._moves_at = book.clock() + moves_after_s

    def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._book.clock.advance(seconds)
        if self._book.clock() >= self._moves_at:
            self._book.addresses = ("10.0.0.2",)


def test_the_one_repeat_of_a_request_that_may_have_run_waits_for_dns() -> None:
    book = Book(ttl_s=2)
    tracked = book.idle()
    book.ledger.claim(tracked)
    sleep = Waits(book, moves_after_s=1.6)
    assert may_repeat(book.ledger, a_get(), cut(tracked), sleep=sleep)
    assert sleep.pauses == [0.25, 0.25, 0.5, 1.0]
    assert book.resolver.known(HOST) == ("10.0.0.2",)
    repeats = [event for event in book.events if isinstance(event, RequestRepeated)]
    assert str(repeats[0]) == "shop.test: GET cut before the answer, repeat 1 after 2.00 s"


def test_the_one_repeat_is_sent_to_the_old_address_when_dns_had_its_chance() -> None:
    book = Book(ttl_s=2)
    tracked = book.idle()
    book.ledger.claim(tracked)
    sleep = Waits(book)
    story = a_get()
    assert may_repeat(book.ledger, story, cut(tracked), sleep=sleep)
    assert sum(sleep.pauses) == pytest.approx(3.0)
    assert not may_repeat(book.ledger, story, cut(tracked), sleep=sleep)
    assert book.ledger.metrics.repeats == 1


def test_the_one_repeat_waits_for_nothing_where_dns_cannot_change_in_time() -> None:
    book = Book(ttl_s=60)
    tracked = book.idle()
    book.ledger.claim(tracked)
    sleep = Waits(book)
    assert may_repeat(book.ledger, a_get(), cut(tracked), sleep=sleep)
    assert sleep.pauses == []


def test_an_address_that_answered_a_later_request_is_worth_the_repeat_at_once() -> None:
    book = Book(None, "10.0.0.1", "10.0.0.2", ttl_s=2)
    tracked, other = book.idle(), book.idle("10.0.0.2")
    book.ledger.claim(tracked)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        book.clock.advance(seconds)
        book.ledger.claim(other)
        book.ledger.answered(other, None)
        book.ledger.release(other)

    assert may_repeat(book.ledger, a_get(), cut(tracked), sleep=sleep)
    assert pauses == [0.25]


def test_an_answer_to_an_earlier_request_says_nothing_about_the_address() -> None:
    book = Book(None, "10.0.0.1", "10.0.0.2", ttl_s=2)
    tracked, other = book.idle(), book.open("10.0.0.2")
    book.ledger.claim(tracked)
    book.clock.advance(0.1)
    story = a_get()
    sleep = Waits(book)

    def answer_first(seconds: float) -> None:
        book.ledger.answered(other, None)
        sleep(seconds)

    assert may_repeat(book.ledger, story, cut(tracked), sleep=answer_first)
    assert len(sleep.pauses) > 1


def test_an_answer_to_a_request_sent_right_after_the_cut_says_nothing_yet() -> None:
    book = Book(None, "10.0.0.1", "10.0.0.2", ttl_s=2)
    tracked, other = book.idle(), book.idle("10.0.0.2")
    book.ledger.claim(tracked)
    sleep = Waits(book)

    def answer_once(seconds: float) -> None:
        if not sleep.pauses:
            book.clock.advance(SETTLE_S / 2)
            book.ledger.claim(other)
            book.ledger.answered(other, None)
            book.ledger.release(other)
        sleep(seconds)

    assert may_repeat(book.ledger, a_get(), cut(tracked), sleep=answer_once)
    assert len(sleep.pauses) > 1


def test_the_one_repeat_takes_no_connection_that_idles_since_before_the_cut() -> None:
    book = Book(None, "10.0.0.1", "10.0.0.2", "10.0.0.3")
    tracked, idle, busy, later = book.idle(), book.idle("10.0.0.2"), book.idle("10.0.0.3"), book.idle("10.0.0.3")
    book.ledger.claim(busy)
    book.ledger.claim(tracked)
    book.clock.advance(1)

    def look_up(host: str) -> Found:
        book.ledger.claim(later)
        book.ledger.release(later)
        return Found(addresses=book.addresses, ttl_s=60)

    book.lookup = look_up
    assert may_repeat(book.ledger, a_get(), cut(tracked))
    assert book.shut == ["10.0.0.2"]
    assert idle.retired is Retirement.SUSPECT
    assert busy.retired is None and later.retired is None


def test_what_no_server_got_is_tried_with_growing_pauses() -> None:
    book = Book()
    book.idle()
    story, sleep = a_get(), Waits(book)
    refused = Broken(host=HOST, tracked=None, cut=Cut.NEVER_SENT)
    book.ledger.avoid(HOST, ("10.0.0.1",))
    while may_repeat(book.ledger, story, refused, sleep=sleep):
        pass
    assert sleep.pauses == [0.25, 0.25, 0.5, 1.0, 2.0]
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
