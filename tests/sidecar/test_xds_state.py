"""The delta xDS state machine as a playbook: what Envoy says goes in, what it is told comes out."""

from __future__ import annotations

from unstale.sidecar.xds.messages import Accepted, Command, Refused, Request, Response, Superseded
from unstale.sidecar.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, ROUTE, Entry, Snapshot, version_of
from unstale.sidecar.xds.state import State

Told = tuple[str, tuple[str, ...], tuple[str, ...]]


def entry(name: str, content: str = "1", *, needs: tuple[str, ...] = (), address: str = "") -> Entry:
    body = f"{name}={content}".encode()
    return Entry(name=name, version=version_of(body), body=body, needs=needs, address=address)


def snapshot(
    clusters: tuple[Entry, ...] = (),
    endpoints: tuple[Entry, ...] = (),
    listeners: tuple[Entry, ...] = (),
    routes: tuple[Entry, ...] = (),
) -> Snapshot:
    kinds = {CLUSTER: clusters, ENDPOINT: endpoints, LISTENER: listeners, ROUTE: routes}
    return Snapshot(entries={kind: {each.name: each for each in several} for kind, several in kinds.items()})


WEB = snapshot(
    clusters=(entry("a"), entry("b")),
    listeners=(entry("80", needs=("80",)),),
    routes=(entry("80"),),
)


def told(commands: list[Command]) -> list[Told]:
    return [
        (command.type_url, tuple(each.name for each in command.entries), command.removed)
        for command in commands
        if isinstance(command, Response)
    ]


def outcomes(commands: list[Command]) -> list[Command]:
    return [command for command in commands if not isinstance(command, Response)]


class Envoy:
    """Says what a real Envoy says. Every response the machine gave waits in `responses` until it is answered."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.responses: list[Response] = []
        self.outcomes: list[Command] = []

    def note(self, commands: list[Command]) -> list[Told]:
        self.responses += [command for command in commands if isinstance(command, Response)]
        self.outcomes += outcomes(commands)
        return told(commands)

    def connects(self) -> list[Told]:
        self.responses = []
        return self.note(self.state.connected())

    def gets(self, number: int, wanted: Snapshot) -> list[Told]:
        return self.note(self.state.push(number, wanted))

    def asks(self, type_url: str, *names: str, held: dict[str, str] | None = None) -> list[Told]:
        return self.note(self.state.received(Request(type_url=type_url, subscribe=names, held=held or {})))

    def leaves(self, type_url: str, *names: str) -> list[Told]:
        return self.note(self.state.received(Request(type_url=type_url, unsubscribe=names)))

    def takes(self, type_url: str) -> list[Told]:
        return self._answers(type_url, None)

    def refuses(self, type_url: str, error: str) -> list[Told]:
        return self._answers(type_url, error)

    def _answers(self, type_url: str, error: str | None) -> list[Told]:
        response = next(each for each in self.responses if each.type_url == type_url)
        self.responses.remove(response)
        return self.note(self.state.received(Request(type_url=type_url, nonce=response.nonce, error=error)))


def live() -> Envoy:
    """An Envoy that has started with nothing."""
    envoy = Envoy(State())
    envoy.connects()
    envoy.asks(CLUSTER)
    envoy.takes(CLUSTER)
    envoy.asks(LISTENER)
    envoy.takes(LISTENER)
    assert not envoy.responses
    return envoy


def with_web() -> Envoy:
    """An Envoy with WEB in force by push 1."""
    envoy = live()
    envoy.gets(1, WEB)
    envoy.takes(CLUSTER)
    envoy.takes(LISTENER)
    envoy.asks(ROUTE, "80")
    envoy.takes(ROUTE)
    assert envoy.outcomes == [Accepted(push=1)]
    envoy.outcomes = []
    return envoy


def held(wanted: Snapshot, type_url: str) -> dict[str, str]:
    return {name: each.version for name, each in wanted.of(type_url).items()}


def test_an_envoy_that_starts_with_nothing_gets_empty_answers_it_would_wait_for() -> None:
    envoy = Envoy(State())
    assert envoy.connects() == []
    assert envoy.asks(CLUSTER) == [(CLUSTER, (), ())]
    assert envoy.takes(CLUSTER) == []
    assert envoy.asks(LISTENER) == [(LISTENER, (), ())]
    assert not envoy.state.is_settled
    assert envoy.takes(LISTENER) == []
    assert envoy.state.is_settled


def test_a_first_configuration_goes_clusters_listeners_routes_each_after_the_other_is_acknowledged() -> None:
    envoy = live()
    assert envoy.gets(1, WEB) == [(CLUSTER, ("a", "b"), ())]
    assert envoy.takes(CLUSTER) == [(LISTENER, ("80",), ())]
    assert envoy.takes(LISTENER) == []
    assert envoy.asks(ROUTE, "80") == [(ROUTE, ("80",), ())]
    assert envoy.outcomes == []
    assert envoy.takes(ROUTE) == []
    assert envoy.outcomes == [Accepted(push=1)]


def test_many_clusters_go_in_batches_and_count_when_the_last_is_acknowledged() -> None:
    envoy = live()
    many = snapshot(clusters=tuple(entry(f"c{number:04}") for number in range(1001)))
    batches = envoy.gets(1, many)
    assert [len(names) for _, names, _ in batches] == [500, 500, 1]
    for _ in batches:
        assert envoy.outcomes == []
        envoy.takes(CLUSTER)
    assert envoy.outcomes == [Accepted(push=1)]


def test_what_is_sent_ahead_of_the_first_push_is_not_sent_again() -> None:
    envoy = live()
    a, b = entry("a"), entry("b")
    assert envoy.note(envoy.state.ahead(snapshot(clusters=(a,)))) == [(CLUSTER, ("a",), ())]
    assert envoy.note(envoy.state.ahead(snapshot(clusters=(a, b)))) == [(CLUSTER, ("b",), ())]
    assert envoy.gets(1, WEB) == []
    assert envoy.takes(CLUSTER) == []
    assert envoy.takes(CLUSTER) == [(LISTENER, ("80",), ())]
    assert envoy.outcomes == []


def test_what_is_refused_ahead_of_the_first_push_is_told_by_the_push() -> None:
    envoy = live()
    bad = snapshot(clusters=(entry("bad"), entry("b")))
    envoy.note(envoy.state.ahead(bad))
    assert envoy.refuses(CLUSTER, "bad: no") == []
    assert envoy.note(envoy.state.ahead(bad)) == []
    assert envoy.outcomes == []
    assert envoy.gets(1, bad) == [(CLUSTER, ("bad", "b"), ())]
    assert envoy.refuses(CLUSTER, "bad: no") == [(CLUSTER, (), ("b", "bad"))]
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Refused(push=1, type_url=CLUSTER, names=("bad",), reason="no")]


def test_a_refusal_that_comes_after_the_push_began_is_told_by_it() -> None:
    envoy = live()
    bad = snapshot(clusters=(entry("bad"),))
    envoy.note(envoy.state.ahead(bad))
    assert envoy.gets(1, bad) == []
    assert envoy.refuses(CLUSTER, "bad: no") == [(CLUSTER, ("bad",), ())]
    assert envoy.refuses(CLUSTER, "bad: no") == [(CLUSTER, (), ("bad",))]
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Refused(push=1, type_url=CLUSTER, names=("bad",), reason="no")]


def test_nothing_is_sent_ahead_of_later_pushes() -> None:
    envoy = with_web()
    assert envoy.note(envoy.state.ahead(snapshot(clusters=(entry("a"),)))) == []


def test_a_push_before_envoy_connects_waits_for_it() -> None:
    envoy = Envoy(State())
    assert envoy.gets(1, WEB) == []
    envoy.connects()
    assert envoy.asks(CLUSTER) == [(CLUSTER, ("a", "b"), ())]
    assert envoy.takes(CLUSTER) == []
    assert envoy.asks(LISTENER) == [(LISTENER, ("80",), ())]


def test_equal_content_is_accepted_without_a_word_to_envoy() -> None:
    envoy = with_web()
    assert envoy.gets(2, WEB) == []
    assert envoy.outcomes == [Accepted(push=2)]


def test_only_the_changed_resource_is_sent() -> None:
    envoy = with_web()
    changed = snapshot((entry("a"), entry("b", "2")), (), tuple(WEB.of(LISTENER).values()), (entry("80"),))
    assert envoy.gets(2, changed) == [(CLUSTER, ("b",), ())]
    assert envoy.takes(CLUSTER) == []
    assert envoy.outcomes == [Accepted(push=2)]


def test_a_cluster_is_removed_only_after_the_routes_that_used_it_are_acknowledged() -> None:
    envoy = with_web()
    fewer = snapshot((entry("a"),), (), tuple(WEB.of(LISTENER).values()), (entry("80", "without b"),))
    assert envoy.gets(2, fewer) == [(ROUTE, ("80",), ())]
    assert envoy.takes(ROUTE) == [(CLUSTER, (), ("b",))]
    assert envoy.outcomes == []
    assert envoy.takes(CLUSTER) == []
    assert envoy.outcomes == [Accepted(push=2)]


def test_listeners_are_removed_before_clusters() -> None:
    envoy = with_web()
    assert envoy.gets(2, Snapshot()) == [(LISTENER, (), ("80",))]
    assert envoy.takes(LISTENER) == [(CLUSTER, (), ("a", "b"))]
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Accepted(push=2)]


def test_a_listener_that_takes_the_address_of_a_vanishing_one_is_sent_together_with_its_removal() -> None:
    envoy = live()
    envoy.gets(1, snapshot(listeners=(entry("old", address="0.0.0.0:15001"),)))
    envoy.takes(LISTENER)
    new = snapshot(listeners=(entry("new", address="0.0.0.0:15001"),))
    assert envoy.gets(2, new) == [(LISTENER, ("new",), ("old",))]
    envoy.takes(LISTENER)
    assert envoy.outcomes[-1] == Accepted(push=2)


def test_routes_go_one_by_one_so_that_a_refusal_is_about_one() -> None:
    envoy = with_web()
    listeners = (entry("80", needs=("80",)), entry("81", needs=("81",)))
    envoy.gets(2, snapshot((entry("a"), entry("b")), (), listeners, (entry("80"), entry("81"))))
    envoy.takes(LISTENER)
    assert envoy.asks(ROUTE, "81") == [(ROUTE, ("81",), ())]
    envoy.takes(ROUTE)
    envoy.outcomes = []
    more = snapshot((entry("a"), entry("b")), (), listeners, (entry("80", "2"), entry("81", "2")))
    assert envoy.gets(3, more) == [(ROUTE, ("80",), ()), (ROUTE, ("81",), ())]
    envoy.takes(ROUTE)
    assert envoy.outcomes == []
    envoy.takes(ROUTE)
    assert envoy.outcomes == [Accepted(push=3)]


EDS = snapshot((entry("s", needs=("s",)),), (entry("s", "10.0.0.1"),))


def test_endpoints_are_answered_while_the_cluster_that_waits_for_them_is_not_yet_acknowledged() -> None:
    envoy = live()
    assert envoy.gets(1, EDS) == [(CLUSTER, ("s",), ())]
    assert envoy.asks(ENDPOINT, "s") == [(ENDPOINT, ("s",), ())]
    envoy.takes(ENDPOINT)
    assert envoy.outcomes == []
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Accepted(push=1)]


def test_a_push_is_not_in_force_before_envoy_asked_for_the_endpoints_it_needs() -> None:
    envoy = live()
    envoy.gets(1, EDS)
    assert envoy.takes(CLUSTER) == []
    assert envoy.outcomes == []
    envoy.asks(ENDPOINT, "s")
    envoy.takes(ENDPOINT)
    assert envoy.outcomes == [Accepted(push=1)]


def test_a_changed_eds_cluster_gets_its_endpoints_again_although_envoy_does_not_ask() -> None:
    envoy = live()
    envoy.gets(1, EDS)
    envoy.asks(ENDPOINT, "s")
    envoy.takes(ENDPOINT)
    envoy.takes(CLUSTER)
    changed = snapshot((entry("s", "2", needs=("s",)),), tuple(EDS.of(ENDPOINT).values()))
    assert envoy.gets(2, changed) == [(CLUSTER, ("s",), ()), (ENDPOINT, ("s",), ())]
    envoy.takes(ENDPOINT)
    envoy.takes(CLUSTER)
    assert envoy.outcomes[-1] == Accepted(push=2)


def test_changed_endpoints_go_alone() -> None:
    envoy = live()
    envoy.gets(1, EDS)
    envoy.asks(ENDPOINT, "s")
    envoy.takes(ENDPOINT)
    envoy.takes(CLUSTER)
    moved = snapshot((entry("s", needs=("s",)),), (entry("s", "10.0.0.2"),))
    assert envoy.gets(2, moved) == [(ENDPOINT, ("s",), ())]
    envoy.takes(ENDPOINT)
    assert envoy.outcomes[-1] == Accepted(push=2)


def test_names_that_do_not_exist_are_answered_as_removed_so_that_envoy_does_not_wait() -> None:
    envoy = live()
    assert envoy.asks(ENDPOINT, "nowhere") == [(ENDPOINT, (), ("nowhere",))]
    assert envoy.asks("type.googleapis.com/some.Secret", "x") == [("type.googleapis.com/some.Secret", (), ("x",))]


def test_routes_that_vanish_are_not_withdrawn_from_envoy_which_ignores_that() -> None:
    envoy = with_web()
    direct = snapshot((entry("a"), entry("b")), (), (entry("80", "no routes"),))
    assert envoy.gets(2, direct) == [(LISTENER, ("80",), ())]
    assert envoy.takes(LISTENER) == []
    assert envoy.outcomes == [Accepted(push=2)]
    assert envoy.leaves(ROUTE, "80") == []
    assert envoy.asks(ROUTE, "80") == [(ROUTE, (), ("80",))]


def test_a_refused_cluster_is_taken_back_with_the_good_ones_beside_it() -> None:
    envoy = with_web()
    worse = snapshot((entry("a", "bad"), entry("b"), entry("c")), (), tuple(WEB.of(LISTENER).values()), (entry("80"),))
    assert envoy.gets(2, worse) == [(CLUSTER, ("a", "c"), ())]
    assert envoy.refuses(CLUSTER, "Error adding/updating cluster(s) a: no such thing") == [(CLUSTER, ("a",), ())]
    assert envoy.takes(CLUSTER) == [(CLUSTER, (), ("c",))]
    assert envoy.outcomes == []
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Refused(push=2, type_url=CLUSTER, names=("a",), reason="no such thing")]


def test_a_refused_listener_takes_back_the_clusters_that_were_already_acknowledged() -> None:
    envoy = with_web()
    worse = snapshot(
        (entry("a", "2"), entry("b")), (), (entry("80", "bad", needs=("80",)), entry("81")), (entry("80"),)
    )
    assert envoy.gets(2, worse) == [(CLUSTER, ("a",), ())]
    assert envoy.takes(CLUSTER) == [(LISTENER, ("80", "81"), ())]
    assert envoy.refuses(LISTENER, "cannot bind") == [(CLUSTER, ("a",), ())]
    assert envoy.takes(CLUSTER) == [(LISTENER, ("80",), ())]
    assert envoy.takes(LISTENER) == [(LISTENER, (), ("81",))]
    envoy.takes(LISTENER)
    assert envoy.outcomes == [Refused(push=2, type_url=LISTENER, names=("80", "81"), reason="cannot bind")]


def test_a_refused_route_takes_back_everything() -> None:
    envoy = with_web()
    worse = snapshot((entry("a"), entry("b"), entry("c")), (), tuple(WEB.of(LISTENER).values()), (entry("80", "bad"),))
    envoy.gets(2, worse)
    assert envoy.takes(CLUSTER) == [(ROUTE, ("80",), ())]
    assert envoy.refuses(ROUTE, "unknown action") == [(ROUTE, ("80",), ())]
    assert envoy.takes(ROUTE) == [(CLUSTER, (), ("c",))]
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Refused(push=2, type_url=ROUTE, names=("80",), reason="unknown action")]


def test_refused_endpoints_take_back_their_cluster() -> None:
    envoy = live()
    envoy.gets(1, EDS)
    envoy.asks(ENDPOINT, "s")
    assert envoy.refuses(ENDPOINT, "malformed IP address") == []
    assert envoy.takes(CLUSTER) == [(CLUSTER, (), ("s",))]
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Refused(push=1, type_url=ENDPOINT, names=("s",), reason="malformed IP address")]


def test_after_a_refusal_the_next_good_push_is_accepted() -> None:
    envoy = with_web()
    listeners = tuple(WEB.of(LISTENER).values())
    envoy.gets(2, snapshot((entry("a", "bad"), entry("b")), (), listeners, (entry("80"),)))
    envoy.refuses(CLUSTER, "a: bad")
    envoy.takes(CLUSTER)
    assert envoy.gets(3, snapshot((entry("a", "3"), entry("b")), (), listeners, (entry("80"),))) == [
        (CLUSTER, ("a",), ())
    ]
    envoy.takes(CLUSTER)
    assert envoy.outcomes[-1] == Accepted(push=3)


def test_a_rollback_that_is_refused_too_ends_and_says_so() -> None:
    envoy = with_web()
    envoy.gets(2, snapshot((entry("a", "bad"), entry("b")), (), tuple(WEB.of(LISTENER).values()), (entry("80"),)))
    envoy.refuses(CLUSTER, "a: bad")
    assert envoy.refuses(CLUSTER, "a: still bad") == []
    refused = envoy.outcomes[-1]
    assert isinstance(refused, Refused)
    assert refused.reason == "bad; and going back was refused too: still bad"


def test_pushes_that_arrive_meanwhile_are_coalesced_to_the_newest() -> None:
    envoy = with_web()
    listeners = tuple(WEB.of(LISTENER).values())

    def version(content: str) -> Snapshot:
        return snapshot((entry("a", content), entry("b")), (), listeners, (entry("80"),))

    envoy.gets(2, version("2"))
    assert envoy.gets(3, version("3")) == []
    assert envoy.gets(4, version("4")) == []
    assert envoy.outcomes == [Superseded(push=3)]
    assert envoy.takes(CLUSTER) == [(CLUSTER, ("a",), ())]
    assert envoy.outcomes[-1] == Accepted(push=2)
    envoy.takes(CLUSTER)
    assert envoy.outcomes[-1] == Accepted(push=4)


def test_a_push_that_waits_behind_a_refused_one_starts_after_the_rollback() -> None:
    envoy = with_web()
    listeners = tuple(WEB.of(LISTENER).values())
    envoy.gets(2, snapshot((entry("a", "bad"), entry("b")), (), listeners, (entry("80"),)))
    envoy.gets(3, snapshot((entry("a", "3"), entry("b")), (), listeners, (entry("80"),)))
    assert envoy.refuses(CLUSTER, "a: bad") == [(CLUSTER, ("a",), ())]
    assert envoy.takes(CLUSTER) == [(CLUSTER, ("a",), ())]
    envoy.takes(CLUSTER)
    assert [type(each) for each in envoy.outcomes] == [Refused, Accepted]


def test_an_envoy_that_returns_with_everything_is_told_nothing() -> None:
    envoy = with_web()
    envoy.state.disconnected()
    envoy.connects()
    assert envoy.asks(CLUSTER, held=held(WEB, CLUSTER)) == []
    assert envoy.asks(LISTENER, held=held(WEB, LISTENER)) == []
    assert envoy.asks(ROUTE, "80", held=held(WEB, ROUTE)) == []


def test_an_envoy_that_returns_to_a_newer_configuration_is_told_the_difference() -> None:
    envoy = with_web()
    envoy.state.disconnected()
    newer = snapshot((entry("a", "2"), entry("c")), (), tuple(WEB.of(LISTENER).values()), (entry("80", "2"),))
    assert envoy.gets(2, newer) == []
    envoy.connects()
    assert envoy.asks(CLUSTER, held=held(WEB, CLUSTER)) == [(CLUSTER, ("a", "c"), ())]
    assert envoy.asks(LISTENER, held=held(WEB, LISTENER)) == []
    assert envoy.asks(ROUTE, "80", held=held(WEB, ROUTE)) == [(ROUTE, ("80",), ())]
    envoy.takes(ROUTE)
    assert envoy.takes(CLUSTER) == [(CLUSTER, (), ("b",))]
    envoy.takes(CLUSTER)
    assert envoy.outcomes == [Accepted(push=2)]


def test_a_stream_lost_in_the_middle_of_a_push_goes_on_where_envoy_stands() -> None:
    envoy = live()
    envoy.gets(1, WEB)
    envoy.takes(CLUSTER)
    envoy.state.disconnected()
    envoy.connects()
    assert envoy.asks(CLUSTER, held=held(WEB, CLUSTER)) == []
    assert envoy.asks(LISTENER) == [(LISTENER, ("80",), ())]
    envoy.takes(LISTENER)
    envoy.asks(ROUTE, "80")
    envoy.takes(ROUTE)
    assert envoy.outcomes == [Accepted(push=1)]


def test_what_was_refused_just_before_the_stream_was_lost_is_set_right_at_the_return() -> None:
    envoy = with_web()
    envoy.gets(
        2, snapshot((entry("a", "bad"), entry("b"), entry("c")), (), tuple(WEB.of(LISTENER).values()), (entry("80"),))
    )
    envoy.refuses(CLUSTER, "a: bad")
    envoy.state.disconnected()
    envoy.connects()
    assert envoy.asks(CLUSTER, held=held(WEB, CLUSTER)) == [(CLUSTER, ("a",), ())]
    envoy.asks(LISTENER, held=held(WEB, LISTENER))
    envoy.asks(ROUTE, "80", held=held(WEB, ROUTE))
    assert envoy.takes(CLUSTER) == [(CLUSTER, (), ("c",))]
    envoy.takes(CLUSTER)
    assert [type(each) for each in envoy.outcomes] == [Refused]


def test_an_answer_to_a_response_of_an_earlier_stream_means_nothing() -> None:
    envoy = with_web()
    envoy.gets(2, snapshot((entry("a", "2"), entry("b")), (), tuple(WEB.of(LISTENER).values()), (entry("80"),)))
    old = envoy.responses[0]
    envoy.connects()
    envoy.asks(CLUSTER, held=held(WEB, CLUSTER))
    assert envoy.note(envoy.state.received(Request(type_url=CLUSTER, nonce=old.nonce, error="late"))) == []
    assert envoy.outcomes == []


def test_a_push_that_takes_too_long_is_taken_back_and_says_what_envoy_did_not_do() -> None:
    envoy = with_web()
    envoy.gets(2, snapshot((entry("a", "2"), entry("b")), (), tuple(WEB.of(LISTENER).values()), (entry("80"),)))
    assert envoy.note(envoy.state.abandon("not in force after 3 s")) == [(CLUSTER, ("a",), ())]
    envoy.responses = envoy.responses[1:]
    envoy.takes(CLUSTER)
    refused = envoy.outcomes[-1]
    assert isinstance(refused, Refused)
    assert refused.reason == "not in force after 3 s: Envoy has not answered cluster a"


def test_a_rollback_that_takes_too_long_is_no_longer_waited_for() -> None:
    envoy = with_web()
    envoy.state.disconnected()
    envoy.gets(2, Snapshot())
    assert envoy.note(envoy.state.abandon("not in force after 3 s")) == []
    assert envoy.outcomes == []
    envoy.note(envoy.state.abandon("not in force after 3 s"))
    refused = envoy.outcomes[-1]
    assert isinstance(refused, Refused)
    assert refused.reason == "not in force after 3 s: Envoy is not connected"


def test_a_push_whose_routes_envoy_never_asks_for_says_so_when_abandoned() -> None:
    envoy = live()
    envoy.gets(1, WEB)
    envoy.takes(CLUSTER)
    envoy.takes(LISTENER)
    assert envoy.state.waiting_for() == "Envoy has not asked for route 80"


def test_a_refusal_while_nothing_is_pushed_is_told_once_and_not_repeated() -> None:
    envoy = with_web()
    assert envoy.asks(ROUTE, "80") == [(ROUTE, ("80",), ())]
    assert envoy.refuses(ROUTE, "suddenly bad") == []
    assert envoy.outcomes == [Refused(push=0, type_url=ROUTE, names=("80",), reason="suddenly bad")]
