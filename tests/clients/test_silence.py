"""When the silence of an address says that nobody is there any more, and when it does not."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import pytest
from name_server import FakeClock

from unstale.clients.dns import Resolver
from unstale.clients.dns_cache import Found
from unstale.clients.events import ConnectionRetired, Event
from unstale.clients.ledger import Ledger
from unstale.clients.policy import OBSERVATION_LASTS_S, Policy, Retirement
from unstale.clients.tracked import Tracked

HOST = "shop.test"
FIRST, SECOND = "10.0.0.1", "10.0.0.2"


class Watched:
    """A ledger whose look at the silence happens when a test says so."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.clock = FakeClock()
        self.looks: list[Callable[[], None]] = []
        self.events: list[Event] = []
        self.cut: list[Tracked] = []
        found = Found(addresses=(FIRST, SECOND), ttl_s=3600.0)
        resolver = Resolver(lambda _: found, in_background=False, clock=self.clock)
        self.ledger = Ledger(
            policy, resolver, self.events.append, clock=self.clock, later=lambda _, look: self.looks.append(look)
        )

    def idle(self, address: str = FIRST, *, took_s: float = 0.01) -> Tracked:
        tracked = self.ledger.opened(HOST, address, lambda: True)
        tracked.cut = lambda: self.cut.append(tracked)
        self.send(tracked)
        self.clock.advance(took_s)
        self.answer(tracked)
        return tracked

    def send(self, tracked: Tracked, *, is_safe: bool = True) -> None:
        assert self.ledger.claim(tracked)
        tracked.may_be_cut = is_safe

    def answer(self, tracked: Tracked) -> None:
        tracked.may_be_cut = False
        if tracked.is_telling:
            self.ledger.answered(tracked, None)
        self.ledger.release(tracked)

    def look_after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        looks, self.looks = self.looks, []
        for look in looks:
            look()

    @property
    def silent(self) -> int:
        ended = [event for event in self.events if isinstance(event, ConnectionRetired)]
        return sum(event.reason is Retirement.SILENT for event in ended)


def test_a_request_that_waits_while_nobody_is_answered_is_cut_after_the_limit() -> None:
    watched = Watched()
    one, other = watched.idle(), watched.idle()
    watched.send(one)
    watched.send(other, is_safe=False)
    watched.look_after(3.9)
    assert watched.cut == []
    watched.look_after(0.2)
    assert watched.cut == [one]
    assert watched.silent == 1


def test_an_address_that_answers_others_meanwhile_is_only_slow() -> None:
    watched = Watched()
    one, other = watched.idle(), watched.idle()
    watched.send(one)
    watched.clock.advance(1)
    watched.send(other)
    watched.answer(other)
    watched.look_after(10)
    assert watched.cut == []


def test_what_another_address_answers_says_nothing() -> None:
    watched = Watched()
    one, other = watched.idle(), watched.idle(SECOND)
    watched.send(one)
    watched.clock.advance(1)
    watched.send(other)
    watched.answer(other)
    watched.look_after(4)
    assert watched.cut == [one]


def test_a_host_that_was_known_to_be_slow_gets_twice_that_time() -> None:
    watched = Watched()
    one = watched.idle(took_s=6)
    watched.send(one)
    watched.look_after(11.9)
    assert watched.cut == []
    watched.look_after(0.2)
    assert watched.cut == [one]


def test_how_slow_a_host_was_is_forgotten_after_some_minutes() -> None:
    watched = Watched(Policy(max_idle_s=None, max_age_s=None))
    watched.idle(took_s=60)
    watched.clock.advance(OBSERVATION_LASTS_S)
    one = watched.idle()
    watched.send(one)
    watched.look_after(4)
    assert watched.cut == [one]


def test_the_first_request_of_a_connection_may_take_its_time() -> None:
    watched = Watched()
    tracked = watched.ledger.opened(HOST, FIRST, lambda: True)
    watched.send(tracked)
    watched.look_after(60)
    assert watched.silent == 0


def test_where_the_pool_does_not_tell_the_end_an_answer_that_has_begun_is_heard() -> None:
    watched = Watched()
    one, other = watched.idle(), watched.idle()
    for tracked in (one, other):
        assert watched.ledger.claim_idle(tracked, watched.clock())
        tracked.may_be_cut = True
        watched.clock.advance(1)
    other.may_be_cut = False
    watched.look_after(10)
    assert watched.cut == []
    assert other.heard_at > one.heard_at > -math.inf


def test_nobody_looks_while_no_request_is_sent() -> None:
    watched = Watched()
    watched.idle()
    watched.look_after(1)
    watched.look_after(1)
    assert watched.looks == []
    assert not watched.ledger.silence.is_on
    watched.idle()
    assert len(watched.looks) == 1


def test_a_fork_looks_for_itself() -> None:
    watched = Watched()
    watched.idle()
    assert watched.ledger.silence.is_on
    child = os.fork()
    if child == 0:
        watched.idle()
        os._exit(0 if len(watched.looks) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("policy", [Policy(overdue_s=None), Policy(overdue_s=None, max_age_s=0)])
def test_without_a_limit_nobody_looks(policy: Policy) -> None:
    watched = Watched(policy)
    watched.idle()
    assert watched.looks == []
