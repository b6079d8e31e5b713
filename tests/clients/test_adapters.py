"""One suite for all adapters: what a user of any of them is promised, against a server that does every fault."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

import aiohttp.connector
import pytest
import trustme
from client_drivers import DRIVERS, Asked, Driver
from fault_server import Do, Refusing, Server
from name_server import FakeClock, NameServer

from unstale.clients.dns_cache import Entry
from unstale.clients.policy import Policy, Retirement

HOST = "shop.test"
Make = Callable[..., Driver]


class Tls:
    """A certificate authority and both ends' contexts."""

    def __init__(self) -> None:
        authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST).configure_cert(self.server)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)


@pytest.fixture(scope="session")
def tls() -> Tls:
    return Tls()


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as names:
        names.point(HOST, "127.0.0.1")
        yield names


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", "127.0.0.2")) as server:
        yield server


@pytest.fixture(params=DRIVERS)
def make(request: pytest.FixtureRequest, names: NameServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Driver] = []

    def make(
        policy: Policy | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        clock: FakeClock | None = None,
        is_plain: bool = False,
    ) -> Driver:
        asked = Asked(resolver=names.resolver(clock), policy=policy, tls=tls, proxy=proxy, is_plain=is_plain)
        driver = DRIVERS[request.param](asked)
        if clock is not None:
            driver.ledger.clock = clock
            # aiohttp notes itself since when a connection idles.
            monkeypatch.setattr(aiohttp.connector, "monotonic", clock)
        made.append(driver)
        return driver

    yield make
    for driver in made:
        driver.close()


def url(server: Server, path: str = "/", scheme: str = "http") -> str:
    return f"{scheme}://{HOST}:{server.port}{path}"


def test_requests_share_one_connection(make: Make, server: Server) -> None:
    client = make()
    assert [client.get(url(server)) for _ in range(3)] == ["127.0.0.1"] * 3
    assert server.connections == 1
    assert client.ledger.metrics.opened == {"127.0.0.1": 1}
    assert client.ledger.metrics.requests == 3


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_the_server_closed_while_idle_takes_no_request(
    make: Make, server: Server, method: str, reset: bool
) -> None:
    client = make()
    client.get(url(server))
    server.end_idle(reset=reset)
    assert client.send(method, url(server), body=b"1" if method == "POST" else None) == "127.0.0.1"
    assert (server.connections, len(server.seen)) == (2, 2)
    assert client.ledger.metrics.repeats == 0
    assert client.ledger.metrics.retired == {Retirement.CLOSED_BY_PEER: 1}


@pytest.mark.parametrize("fault", [Do.HANG_UP, Do.RESET, Do.RUN_THEN_CUT])
def test_a_get_on_a_reused_connection_is_repeated_once(make: Make, server: Server, fault: Do) -> None:
    client = make()
    client.get(url(server))
    server.plan.append(fault)
    assert client.get(url(server)) == "127.0.0.1"
    assert (len(server.seen), server.connections) == (3, 2)
    assert client.ledger.metrics.repeats == 1


@pytest.mark.parametrize("fault", [Do.HANG_UP, Do.RESET])
def test_the_plain_library_fails_where_a_request_with_a_key_is_repeated(make: Make, server: Server, fault: Do) -> None:
    plain = make(is_plain=True)
    numeric = f"http://127.0.0.1:{server.port}/"
    plain.get(numeric)
    server.plan.append(fault)
    with pytest.raises(plain.failures):
        plain.post(numeric, {"Idempotency-Key": "a"})


@pytest.mark.parametrize("fault", [Do.HANG_UP, Do.RESET, Do.RUN_THEN_CUT])
def test_a_post_that_may_have_run_is_never_repeated(make: Make, server: Server, fault: Do) -> None:
    client = make()
    client.get(url(server))
    server.plan.append(fault)
    with pytest.raises(client.failures):
        client.post(url(server))
    assert [seen.method for seen in server.seen] == ["GET", "POST"]
    assert client.ledger.metrics.repeats == 0


@pytest.mark.parametrize("fault", [Do.HANG_UP, Do.RESET, Do.RUN_THEN_CUT])
def test_a_post_with_an_idempotency_key_is_repeated_whole(make: Make, server: Server, fault: Do) -> None:
    client = make()
    client.get(url(server))
    server.plan.append(fault)
    assert client.post(url(server), {"Idempotency-Key": "a"}) == "127.0.0.1"
    assert [seen.body for seen in server.seen] == [b"", b"amount=1", b"amount=1"]


def test_a_sidecars_own_503_is_the_cut_that_it_stands_for(make: Make, server: Server) -> None:
    client = make()
    client.get(url(server))
    server.plan.append(Do.SIDECAR_503)
    assert client.get(url(server)) == "127.0.0.1"
    server.plan.append(Do.SIDECAR_503)
    assert client.post(url(server)) == "UC"
    assert [seen.connection for seen in server.seen] == [0, 0, 1, 1]
    assert client.get(url(server)) == "127.0.0.1"
    assert server.connections == 3
    assert client.ledger.metrics.repeats == 1


def test_a_sidecars_own_503_is_repeated_up_to_max_tries_and_then_told(make: Make, server: Server) -> None:
    client = make(Policy(max_tries=3, repeat_base_s=0.01))
    client.get(url(server))
    server.plan.extend([Do.SIDECAR_503] * 3)
    assert client.get(url(server)) == "127.0.0.1"
    server.plan.extend([Do.SIDECAR_503] * 5)
    assert client.get(url(server)) == "UC"
    assert len(server.seen) == 1 + 4 + 4
    server.plan.clear()


def test_a_sidecars_own_503_says_nothing_good_of_the_address(make: Make, server: Server) -> None:
    client = make()
    client.get(url(server))
    began = client.ledger.clock()
    server.plan.extend([Do.SIDECAR_503] * 2)
    assert [client.post(url(server)) for _ in range(2)] == ["UC", "UC"]
    assert not client.ledger.has_answered_since(HOST, ("127.0.0.1",), began)
    assert client.post(url(server)) == "127.0.0.1"
    assert client.ledger.has_answered_since(HOST, ("127.0.0.1",), began)


@pytest.mark.parametrize(
    ("fault", "policy"),
    [(Do.SERVERS_503, Policy()), (Do.SIDECAR_503, Policy(repeats_sidecar_503=False))],
    ids=["server's own", "not wanted"],
)
def test_another_503_is_an_answer(make: Make, server: Server, fault: Do, policy: Policy) -> None:
    client = make(policy)
    client.get(url(server))
    server.plan.append(fault)
    assert client.get(url(server)) == "UC"
    assert server.connections == 1


def test_a_new_connection_that_fails_at_the_only_address_is_told(make: Make, server: Server) -> None:
    client = make()
    server.plan.extend([Do.HANG_UP] * 4)
    with pytest.raises(client.failures):
        client.post(url(server))
    assert len(server.seen) == 1
    assert client.ledger.metrics.repeats == 0


@pytest.mark.parametrize("fault", [Do.CUT_HEAD, Do.RESET_HEAD, Do.CUT_BODY])
def test_an_answer_that_began_is_never_repeated(make: Make, server: Server, fault: Do) -> None:
    client = make()
    client.get(url(server))
    server.plan.append(fault)
    with pytest.raises(client.failures):
        client.post(url(server), {"Idempotency-Key": "a"})
    assert len(server.seen) == 2
    assert client.ledger.metrics.repeats == 0


def test_a_request_that_may_have_run_is_sent_twice_and_no_more(make: Make, server: Server) -> None:
    client = make()
    client.get(url(server))
    server.plan.extend([Do.RUN_THEN_CUT] * 4)
    with pytest.raises(client.failures):
        client.post(url(server), {"Idempotency-Key": "a"})
    assert [seen.method for seen in server.seen] == ["GET", "POST", "POST"]


def test_a_handshake_that_is_cut_has_sent_nothing_and_is_tried_elsewhere(
    make: Make, tls: Tls, names: NameServer
) -> None:
    with Server(("127.0.0.2",), tls=tls.server) as server, Refusing("127.0.0.1", server.port) as refusing:
        names.point(HOST, "127.0.0.1", "127.0.0.2")
        client = make(tls=tls.client)
        assert client.post(url(server, scheme="https")) == "127.0.0.2"
        assert (refusing.accepted, len(server.seen)) == (1, 1)


def test_a_host_whose_answers_rotate_keeps_its_connections(make: Make, server: Server, names: NameServer) -> None:
    client = make()
    look_up = client.ledger.resolver._look_up
    for address in ["127.0.0.1", "127.0.0.2"] * 3:
        names.point(HOST, address)
        look_up(HOST)
        client.get(url(server))
    opened = server.connections
    for address in ["127.0.0.1", "127.0.0.2"] * 3:
        names.point(HOST, address)
        look_up(HOST)
        client.get(url(server))
    assert server.connections == opened


def test_a_silent_server_is_the_librarys_own_time_out(make: Make, server: Server) -> None:
    client = make()
    client.get(url(server))
    server.plan.append(Do.STAY_SILENT)
    with pytest.raises(client.timeouts):
        client.get(url(server), timeout_s=0.05)
    assert len(server.seen) == 2
    assert client.get(url(server)) == "127.0.0.1"


def test_a_refused_connection_to_a_host_that_never_answered_fails_at_once(make: Make, server: Server) -> None:
    server.refuse("127.0.0.1")
    client = make()
    with pytest.raises(client.failures):
        client.post(url(server))
    assert client.ledger.metrics.repeats == 0


def test_an_address_that_refuses_is_passed_over_even_for_a_post(make: Make, server: Server, names: NameServer) -> None:
    names.point(HOST, "127.0.0.1", "127.0.0.2")
    server.refuse("127.0.0.1")
    client = make()
    assert client.post(url(server)) == "127.0.0.2"
    assert len(server.seen) == 1


def test_a_post_follows_a_host_that_moved_away_from_a_refusing_address(
    make: Make, server: Server, names: NameServer
) -> None:
    client = make()
    client.get(url(server))
    server.end_idle()
    server.refuse("127.0.0.1")
    names.point(HOST, "127.0.0.2")
    client.ledger.policy = Policy(repeat_base_s=0.6)
    client.ledger.resolver._entries[HOST] = forgotten(client)
    assert client.post(url(server)) == "127.0.0.2"
    assert [seen.method for seen in server.seen] == ["GET", "POST"]


def test_a_get_follows_a_host_that_moved_while_the_old_address_hangs_up(
    make: Make, server: Server, names: NameServer
) -> None:
    client = make()
    client.get(url(server))
    server.otherwise["127.0.0.1"] = Do.HANG_UP
    names.point(HOST, "127.0.0.2")
    client.ledger.resolver._entries[HOST] = forgotten(client)
    assert client.get(url(server)) == "127.0.0.2"
    assert [seen.address for seen in server.seen] == ["127.0.0.1", "127.0.0.1", "127.0.0.2"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_get_that_waits_too_long_at_an_address_that_left_dns_is_cut_and_repeated(
    make: Make, server: Server, names: NameServer, method: str
) -> None:
    client = make(Policy(overdue_s=0.05))
    client.get(url(server))
    server.otherwise["127.0.0.1"] = Do.STAY_SILENT

    def move(event: object) -> None:
        names.point(HOST, "127.0.0.2")
        client.ledger.resolver._look_up(HOST)

    server.on_silence = move
    if method == "GET":
        assert client.get(url(server)) == "127.0.0.2"
        assert client.ledger.metrics.repeats == 1
    else:
        with pytest.raises(client.timeouts):
            client.send("POST", url(server), body=b"1", timeout_s=0.3)
    assert client.ledger.metrics.retired == {Retirement.LEFT_DNS: 1}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_get_that_an_address_does_not_answer_while_it_answers_nobody_is_cut_and_repeated(
    make: Make, server: Server, method: str
) -> None:
    client = make(Policy(overdue_s=0.1))
    client.get(url(server))
    server.plan.append(Do.STAY_SILENT)
    if method == "GET":
        assert client.get(url(server)) == "127.0.0.1"
        assert client.ledger.metrics.repeats == 1
        assert client.ledger.metrics.retired == {Retirement.SILENT: 1}
    else:
        with pytest.raises(client.timeouts):
            client.send("POST", url(server), body=b"1", timeout_s=0.5)
        assert len(server.seen) == 2
        assert Retirement.SILENT not in client.ledger.metrics.retired


def test_what_is_cut_under_tls_is_not_read_as_an_answer_in_the_clear(make: Make, names: NameServer, tls: Tls) -> None:
    with Server(("127.0.0.1", "127.0.0.2"), tls=tls.server) as server:
        client = make(Policy(overdue_s=0.05), tls=tls.client)
        client.get(url(server, scheme="https"))
        server.otherwise["127.0.0.1"] = Do.STAY_SILENT

        def move(event: object) -> None:
            names.point(HOST, "127.0.0.2")
            client.ledger.resolver._look_up(HOST)

        server.on_silence = move
        assert client.get(url(server, scheme="https")) == "127.0.0.2"
        assert client.ledger.metrics.repeats == 1


def test_the_cut_of_a_connection_that_is_gone_does_not_meet_the_next_one(
    make: Make, server: Server, names: NameServer
) -> None:
    client = make()
    overdue: list[Callable[[], None]] = []
    client.ledger.silence.is_on = True  # and so never begins
    client.ledger.later = lambda _, cut: overdue.append(cut)
    server.plan.append(Do.STAY_SILENT)

    def move_and_reset(event: object) -> None:
        names.point(HOST, "127.0.0.2")
        client.ledger.resolver._look_up(HOST)
        server.end_idle(reset=True)

    server.on_silence = move_and_reset
    assert client.get(url(server)) == "127.0.0.2"
    assert len(overdue) == 1
    server.plan.append(Do.STAY_SILENT)
    server.on_silence = lambda _: overdue[0]()
    with pytest.raises(client.timeouts):
        client.get(url(server), timeout_s=0.3)
    assert (len(server.seen), client.ledger.metrics.repeats) == (3, 1)


def test_an_idle_connection_is_shut_when_its_address_leaves_dns(make: Make, server: Server, names: NameServer) -> None:
    client = make()
    client.get(url(server))
    names.point(HOST, "127.0.0.2")
    client.ledger.resolver._look_up(HOST)
    assert client.post(url(server)) == "127.0.0.2"
    assert server.closed_by_client.acquire(timeout=5)
    assert client.ledger.metrics.retired == {Retirement.LEFT_DNS: 1}
    assert client.ledger.metrics.open == {"127.0.0.2": 1}


def test_a_host_that_was_left_alone_past_its_ttl_is_looked_up_before_its_connection_is_used(
    make: Make, server: Server, names: NameServer
) -> None:
    names.point(HOST, "127.0.0.1", ttl_s=2)
    clock = FakeClock()
    client = make(clock=clock)
    client.get(url(server))
    names.point(HOST, "127.0.0.2", ttl_s=2)
    clock.advance(2.1)
    assert client.post(url(server)) == "127.0.0.2"
    assert client.ledger.metrics.retired == {Retirement.LEFT_DNS: 1}


def test_a_dns_blip_changes_nothing(make: Make, server: Server, names: NameServer) -> None:
    names.point(HOST, "127.0.0.1", ttl_s=2)
    clock = FakeClock()
    client = make(clock=clock)
    client.get(url(server))
    names.records = []
    clock.advance(2.1)
    assert client.post(url(server)) == "127.0.0.1"
    assert server.connections == 1


def test_short_lived_connections_carry_one_request(make: Make, server: Server) -> None:
    client = make(Policy(max_age_s=0))
    assert [client.get(url(server)) for _ in range(3)] == ["127.0.0.1"] * 3
    assert server.connections == 3
    assert client.ledger.metrics.retired[Retirement.MAX_AGE] == 3


def test_the_maximum_of_requests_is_kept(make: Make, server: Server) -> None:
    client = make(Policy(max_requests=2))
    assert [client.get(url(server)) for _ in range(5)] == ["127.0.0.1"] * 5
    assert [seen.connection for seen in server.seen] == [0, 0, 1, 1, 2]
    assert client.ledger.metrics.retired == {Retirement.MAX_REQUESTS: 2}


@pytest.mark.parametrize(("idle_s", "connections"), [(3.99, 1), (4.01, 2)], ids=["under", "over"])
def test_the_idle_limit_is_kept(make: Make, server: Server, idle_s: float, connections: int) -> None:
    clock = FakeClock()
    client = make(clock=clock)
    client.get(url(server))
    clock.advance(idle_s)
    client.get(url(server))
    assert server.connections == connections


@pytest.mark.parametrize(("idle_s", "connections"), [(0.99, 1), (1.01, 2)], ids=["under", "over"])
def test_the_servers_own_idle_limit_is_learnt(make: Make, server: Server, idle_s: float, connections: int) -> None:
    server.keep_alive = "timeout=2, max=100"
    clock = FakeClock()
    client = make(clock=clock)
    client.get(url(server))
    clock.advance(idle_s)
    client.get(url(server))
    assert server.connections == connections


def test_a_connection_ages_out(make: Make, server: Server) -> None:
    clock = FakeClock()
    client = make(Policy(max_age_s=10, max_age_jitter=0, max_idle_s=None), clock=clock)
    for _ in range(4):
        client.get(url(server))
        clock.advance(4)
    assert [seen.connection for seen in server.seen] == [0, 0, 0, 1]
    assert client.ledger.metrics.retired == {Retirement.MAX_AGE: 1}


def test_connection_close_is_obeyed(make: Make, server: Server) -> None:
    client = make()
    server.plan.append(Do.ANSWER_AND_CLOSE)
    assert client.get(url(server)) == "127.0.0.1"
    assert client.post(url(server)) == "127.0.0.1"
    assert [seen.connection for seen in server.seen] == [0, 1]
    assert client.ledger.metrics.repeats == 0


def test_a_body_in_pieces_arrives_whole(make: Make, server: Server) -> None:
    client = make()
    server.plan.append(Do.SLOW_BODY)
    assert client.get(url(server)) == "127.0.0.1"


def test_tls_connections_follow_the_same_rules(make: Make, tls: Tls) -> None:
    with Server(tls=tls.server) as server:
        client = make(tls=tls.client)
        target = url(server, scheme="https")
        client.get(target)
        assert client.get(target) == "127.0.0.1"
        assert server.connections == 1
        server.end_idle()
        assert client.post(target) == "127.0.0.1"
        server.plan.append(Do.HANG_UP)
        assert client.get(target) == "127.0.0.1"
        server.plan.append(Do.HANG_UP)
        with pytest.raises(client.failures):
            client.post(target)
        assert [seen.method for seen in server.seen] == ["GET", "GET", "POST", "GET", "GET", "POST"]


def test_a_certificate_that_is_not_trusted_is_not_asked_for_again(make: Make, tls: Tls, names: NameServer) -> None:
    names.point(HOST, "127.0.0.1", "127.0.0.2")
    with Server(("127.0.0.1", "127.0.0.2"), tls=tls.server) as server:
        client = make(tls=ssl.create_default_context())
        with pytest.raises(Exception, match=r"(?i)certificate verify failed"):
            client.get(url(server, scheme="https"))
        assert client.ledger.metrics.repeats == 0


def test_connections_to_a_forward_proxy_follow_the_policy(make: Make, server: Server) -> None:
    client = make(proxy=f"http://{HOST}:{server.port}")
    target = "http://elsewhere.test/path"
    client.get(target)
    server.plan.append(Do.HANG_UP)
    assert client.get(target) == "127.0.0.1"
    server.end_idle()
    assert client.post(target) == "127.0.0.1"
    assert {seen.target for seen in server.seen} == {target}
    assert client.ledger.metrics.opened == {"127.0.0.1": 3}


def test_many_at_once_lose_nothing_when_the_host_moves(make: Make, server: Server, names: NameServer) -> None:
    client = make()
    assert set(client.many(16, url(server))) == {"127.0.0.1"}
    server.otherwise["127.0.0.1"] = Do.RESET
    names.point(HOST, "127.0.0.2")
    client.ledger.resolver._entries[HOST] = forgotten(client)
    assert set(client.many(32, url(server))) == {"127.0.0.2"}
    assert set(client.ledger.metrics.open) == {"127.0.0.2"}


def forgotten(client: Driver) -> Entry:
    """The answer as it is, asked for so long ago that a failed exchange may ask again."""
    return replace(client.ledger.resolver._entries[HOST], asked_at=-1e9)
