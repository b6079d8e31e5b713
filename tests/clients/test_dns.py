"""Look-ups against a DNS server on loopback whose answers the test writes, and the cache over them."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.rcode
import pytest
from name_server import FakeClock, NameServer, Record

from unstale.clients.dns import Resolver
from unstale.clients.dns_cache import Found
from unstale.clients.lookup import SystemLookup, hosts_addresses, numeric_address


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as names:
        names.point("shop.test", "10.0.0.1", ttl_s=30)
        yield names


def test_addresses_of_both_families_are_found(names: NameServer) -> None:
    names.point("shop.test", "10.0.0.1", "10.0.0.2", "fd00::1", ttl_s=30)
    found = names.lookup()("shop.test")
    assert set(found.addresses) == {"fd00::1", "10.0.0.1", "10.0.0.2"}
    assert found.ttl_s == 30


def test_a_family_that_is_never_answered_is_not_waited_for(names: NameServer) -> None:
    names.silent = {"AAAA"}
    found = names.lookup(resolution_delay_s=0.0)("shop.test")
    assert found == Found(addresses=("10.0.0.1",), ttl_s=30, is_v6_failed=True)


def test_the_smallest_ttl_on_the_way_counts(names: NameServer) -> None:
    names.records = [
        Record(name="shop.test", ttl_s=300, kind="CNAME", data=("edge.test.",)),
        Record(name="edge.test", ttl_s=7, kind="CNAME", data=("pop.test.",)),
        Record(name="pop.test", ttl_s=60, kind="A", data=("10.0.0.9",)),
    ]
    assert names.lookup()("shop.test") == Found(addresses=("10.0.0.9",), ttl_s=7)


@pytest.mark.parametrize(
    ("rcode", "code"), [(dns.rcode.NXDOMAIN, socket.EAI_NONAME), (dns.rcode.SERVFAIL, socket.EAI_AGAIN)]
)
def test_a_failed_look_up_is_told_as_getaddrinfo_tells_it(names: NameServer, rcode: int, code: int) -> None:
    names.rcode = {"A": rcode, "AAAA": rcode}
    with pytest.raises(socket.gaierror) as told:
        names.lookup()("shop.test")
    assert told.value.errno == code


def test_a_name_without_addresses_is_told(names: NameServer) -> None:
    names.records = [Record(name="shop.test", ttl_s=9, kind="TXT", data=('"x"',))]
    with pytest.raises(socket.gaierror, match="no address"):
        names.lookup()("shop.test")


def test_a_name_that_cannot_be_asked_for_is_told(names: NameServer) -> None:
    with pytest.raises(socket.gaierror):
        names.lookup()("a" * 64 + ".test")


def test_one_family_that_fails_does_not_hide_the_other(names: NameServer) -> None:
    names.rcode = {"AAAA": dns.rcode.SERVFAIL}
    assert names.lookup()("shop.test") == Found(addresses=("10.0.0.1",), ttl_s=30, is_v6_failed=True)


@pytest.mark.parametrize(
    ("host", "address"), [("10.0.0.1", "10.0.0.1"), ("[::1]", "::1"), ("::1", "::1"), ("shop.test", None), ("", None)]
)
def test_a_numeric_host_is_its_own_address(host: str, address: str | None) -> None:
    assert numeric_address(host) == address


def test_a_numeric_host_asks_nobody(names: NameServer) -> None:
    assert names.resolver().addresses("10.1.2.3") == ("10.1.2.3",)
    assert names.asked == []


def test_the_hosts_file_comes_first(names: NameServer, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# 10.9.9.9 shop.test\n127.0.0.5 other Shop.test # here\n::5 shop.test\nnonsense shop.test\n")
    lookup = SystemLookup(nameservers=("127.0.0.1",), port=names.port, hosts_file=str(hosts))
    assert lookup("shop.test.").addresses == ("127.0.0.5", "::5")
    assert hosts_addresses(str(tmp_path / "missing"), "shop.test") == ()


def test_the_systems_resolver_configuration_is_used(names: NameServer, tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.1\nsearch test\noptions ndots:1\n")
    resolver = SystemLookup(resolv_conf=str(conf))._resolver()
    assert [str(server) for server in resolver.nameservers] == ["127.0.0.1"]
    assert [domain.to_text() for domain in resolver.search] == ["test."]


def test_what_only_the_system_knows_is_found_too(tmp_path: Path) -> None:
    lookup = SystemLookup(hosts_file=str(tmp_path / "none"), resolv_conf=str(tmp_path / "none"))
    assert "127.0.0.1" in lookup("localhost").addresses


def test_an_answer_is_asked_for_once_in_its_ttl(names: NameServer) -> None:
    clock = FakeClock()
    resolver = names.resolver(clock)
    for _ in range(3):
        assert resolver.addresses("shop.test") == ("10.0.0.1",)
    clock.advance(29.9)
    resolver.addresses("shop.test")
    assert sorted(names.asked) == ["shop.test. A", "shop.test. AAAA"]
    clock.advance(0.2)
    names.point("shop.test", "10.0.0.2", ttl_s=30)
    assert resolver.addresses("shop.test") == ("10.0.0.2",)


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL])
def test_the_last_good_answer_outlives_a_blip_but_not_the_bound(names: NameServer, rcode: int) -> None:
    clock = FakeClock()
    resolver = Resolver(names.lookup(), stale_s=60, in_background=False, clock=clock)
    resolver.addresses("shop.test")
    names.rcode = {"A": rcode, "AAAA": rcode}
    clock.advance(31)
    assert resolver.addresses("shop.test") == ("10.0.0.1",)
    clock.advance(60)
    with pytest.raises(socket.gaierror):
        resolver.addresses("shop.test")
    names.rcode = {}
    assert resolver.addresses("shop.test") == ("10.0.0.1",)


class Moves:
    """Notes what a resolver tells."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
        self.told = threading.Event()

    def note(self, host: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        self.seen.append((host, before, after))
        self.told.set()


def test_a_move_is_told_once_and_an_order_is_no_move(names: NameServer) -> None:
    names.point("shop.test", "10.0.0.1", "10.0.0.2", ttl_s=30)
    clock = FakeClock()
    resolver, moves = names.resolver(clock), Moves()
    resolver.watch(moves.note)
    for addresses in (("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1"), ("10.0.0.3",), ("10.0.0.3",)):
        names.point("shop.test", *addresses, ttl_s=30)
        resolver.addresses("shop.test")
        clock.advance(31)
    assert [after for _, _, after in moves.seen] == [("10.0.0.3",)]


def test_a_watcher_that_is_gone_is_not_kept(names: NameServer) -> None:
    resolver = names.resolver()
    resolver.watch(Moves().note)
    resolver.watch(Moves().note)
    assert len(resolver._watchers) == 1


def test_a_forced_look_up_is_made_twice_a_second_at_most(names: NameServer) -> None:
    clock = FakeClock()
    resolver = names.resolver(clock)
    resolver.addresses("shop.test")
    names.point("shop.test", "10.0.0.2", ttl_s=30)
    clock.advance(0.4)
    assert resolver.refresh("shop.test") == ("10.0.0.1",)
    clock.advance(0.1)
    assert resolver.refresh("shop.test") == ("10.0.0.2",)


def test_a_forced_look_up_that_fails_gives_what_was_known(names: NameServer) -> None:
    resolver = names.resolver()
    names.rcode = {"A": dns.rcode.SERVFAIL, "AAAA": dns.rcode.SERVFAIL}
    assert resolver.refresh("shop.test") == ()


def test_only_hosts_in_use_are_refreshed(names: NameServer) -> None:
    clock = FakeClock()
    resolver = names.resolver(clock)
    resolver.addresses("shop.test")
    assert resolver.refresh_due() == pytest.approx(24, abs=1)
    clock.advance(61)
    assert resolver.refresh_due() == float("inf")


def test_a_host_that_nobody_uses_is_forgotten(names: NameServer) -> None:
    clock = FakeClock()
    resolver = names.resolver(clock)
    resolver.addresses("shop.test")
    clock.advance(3599)
    resolver.refresh_due()
    assert resolver.known("shop.test") == ("10.0.0.1",)
    clock.advance(1)
    resolver.refresh_due()
    assert resolver.known("shop.test") == ()


def test_a_background_thread_renews_before_the_answer_runs_out() -> None:
    answers = iter([("10.0.0.1",), ("10.0.0.2",)])
    moves = Moves()

    def lookup(host: str) -> Found:
        return Found(addresses=next(answers, ("10.0.0.2",)), ttl_s=1)

    resolver = Resolver(lookup)
    resolver.watch(moves.note)
    assert resolver.addresses("shop.test") == ("10.0.0.1",)
    assert moves.told.wait(5)
    assert resolver.known("shop.test") == ("10.0.0.2",)
    thread = resolver._thread
    assert thread is not None
    resolver.close()
    thread.join(5)
    assert not thread.is_alive()


def test_many_askers_share_one_look_up() -> None:
    entered, release = threading.Event(), threading.Event()
    calls: list[str] = []

    def lookup(host: str) -> Found:
        calls.append(host)
        entered.set()
        release.wait(5)
        return Found(addresses=("10.0.0.1",), ttl_s=30)

    resolver = Resolver(lookup, in_background=False)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(resolver.addresses, "shop.test")
        assert entered.wait(5)
        others = [threads.submit(resolver.addresses, "shop.test") for _ in range(3)]
        release.set()
        assert {future.result() for future in (first, *others)} == {("10.0.0.1",)}
    assert calls == ["shop.test"]


def test_tasks_ask_as_threads_do(names: NameServer) -> None:
    resolver = names.resolver()

    async def twice() -> list[tuple[str, ...]]:
        return [await resolver.addresses_async("shop.test"), await resolver.addresses_async("shop.test")]

    assert asyncio.run(twice()) == [("10.0.0.1",), ("10.0.0.1",)]
    assert len(names.asked) == 2


def test_an_interrupted_look_up_leaves_nobody_waiting() -> None:
    def interrupted(host: str) -> Found:
        raise KeyboardInterrupt

    resolver = Resolver(interrupted, in_background=False)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            resolver.addresses("shop.test")


def test_a_pickled_resolver_has_the_settings_and_an_empty_cache(names: NameServer) -> None:
    resolver = names.resolver()
    resolver.addresses("shop.test")
    copy = pickle.loads(pickle.dumps(resolver))
    assert copy.known("shop.test") == ()
    assert copy.addresses("shop.test") == ("10.0.0.1",)
