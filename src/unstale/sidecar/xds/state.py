"""Delta xDS as a state machine: events in, commands out; no gRPC, no asyncio, no clock.

One rule does everything: bring Envoy from what it holds to a target, in steps that make before they break. Clusters
and their endpoints first, then listeners, then routes, and only when all of these are acknowledged are listeners and
clusters removed. A first start, an edit, a return after a lost stream and a rollback are the same walk; only the target
differs. A refused push makes the last good snapshot the target again, because Envoy applies the good part of a response
that it refuses as a whole.

What Envoy does and the steps rely on: it acknowledges clusters only once all of them are warm, so their endpoints must
not wait for that; it asks for endpoints and routes only once something refers to them; a changed EDS cluster waits for
endpoints that it will not ask for again, so they are sent unasked; it ignores the removal of endpoints and routes. It
hears no answer of a name server while it takes a response in, and after five seconds asks again for every name, so
clusters go in batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count

from unstale.model.carry import shared_ends
from unstale.sidecar.xds.messages import Accepted, Command, Outcome, Refused, Request, Response, Superseded
from unstale.sidecar.xds.refusal import concerned, short_reason
from unstale.sidecar.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, NEEDED_BY, NOUNS, ROUTE, Entry, Snapshot
from unstale.sidecar.xds.stream import UNKNOWN, WILDCARDS, Sent, Stream, Subscription

_STEPS = ((CLUSTER, False), (ENDPOINT, False), (LISTENER, False), (ROUTE, False), (LISTENER, True), (CLUSTER, True))
"""Type and whether the step removes, in the order of a push."""

_BATCH = 500
"""Clusters in one response: Envoy takes half a second for them."""


class State:
    """What Envoy should have, what it has, and what is under way."""

    def __init__(self) -> None:
        self.good = Snapshot()
        self._target = self.good
        self._epoch = 0
        self._push = 0
        self._refused: Refused | None = None
        self._next: tuple[int, Snapshot] | None = None
        self._doubtful: set[tuple[str, str]] = set()
        self._is_ahead = False
        self._holds_back = False
        self._needs: dict[str, tuple[Mapping[str, Entry] | None, frozenset[str]]] = {}
        self._stream: Stream | None = None
        self._nonces = count(1)

    @property
    def is_settled(self) -> bool:
        """Whether Envoy is connected, asked for clusters and listeners and answered all it was told."""
        return self._stream is not None and self._stream.is_settled

    def connected(self) -> list[Command]:
        """Envoy opened a stream; an older one is forgotten."""
        self._stream = Stream()
        return []

    def disconnected(self) -> list[Command]:
        """The stream is gone; what was under way goes on at Envoy's return."""
        self._stream = None
        return []

    def ahead(self, snapshot: Snapshot) -> list[Command]:
        """Send a part of what the first push will bring while the rest is still being made; what Envoy refuses of it is
        told when the push brings it again. Nothing is sent ahead of later pushes."""
        if self._push or self.good.entries or self._holds_back:
            return []
        self._is_ahead = True
        self._aim(snapshot)
        return self._advance()

    def push(self, number: int, snapshot: Snapshot) -> list[Command]:
        """Bring `snapshot` into force; `number` (from 1) names the push in its outcome."""
        if self._push:
            superseded = [Superseded(push=self._next[0])] if self._next else []
            self._next = (number, snapshot)
            return [*superseded]
        self._begin(number, snapshot)
        return self._advance()

    def abandon(self, reason: str) -> list[Command]:
        """The push under way took too long: go back to the last good snapshot; called again, stop waiting for that."""
        if not self._push:
            return []
        if self._refused:
            return self._finish()
        self._refused = Refused(push=self._push, type_url="", names=(), reason=f"{reason}: {self.waiting_for()}")
        if self._stream:
            for sent in self._stream.in_flight.values():
                self._doubt(sent)
            self._stream.in_flight.clear()
        self._aim(self.good)
        return self._advance()

    def waiting_for(self) -> str:
        """What Envoy has not done yet, for a person."""
        if self._stream is None:
            return "Envoy is not connected"
        for sent in self._stream.in_flight.values():
            noun = NOUNS.get(sent.type_url, sent.type_url)
            return f"Envoy has not answered {noun} {', '.join(sent.names)}".rstrip()
        for type_url, subscription in ((kind, self._stream.subscriptions.get(kind)) for kind in NOUNS):
            names = subscription.names if subscription else set[str]()
            missing = self._needed(type_url) - names
            if missing or (subscription is None and type_url in WILDCARDS):
                return f"Envoy has not asked for {NOUNS[type_url]} {', '.join(sorted(missing))}".rstrip()
        return "nothing"

    def received(self, request: Request) -> list[Command]:
        """Envoy said something."""
        if self._stream is None:
            return []
        commands = self._judge(self._stream, request)
        commands += self._answer(self._stream, request)
        return commands + self._advance()

    def _judge(self, stream: Stream, request: Request) -> list[Command]:
        sent = stream.in_flight.pop(request.nonce, None)
        if sent is None:
            return []
        if request.error is None:
            self._doubtful -= {(sent.type_url, name) for name in sent.names}
            return []
        self._doubt(sent)
        if self._is_ahead:
            self._holds_back = True
            return []
        names = concerned(sent.names, request.error)
        refused = Refused(
            push=self._push, type_url=sent.type_url, names=names, reason=short_reason(names, request.error)
        )
        if sent.epoch == self._epoch and (self._refused or not self._push):
            return self._endure(stream, sent, refused)
        if sent.epoch == self._epoch:
            self._refused = refused
            self._aim(self.good)
        return []

    def _endure(self, stream: Stream, sent: Sent, refused: Refused) -> list[Command]:
        # Even the last good snapshot is refused: sending it again and again would help nobody.
        held = stream.subscriptions[sent.type_url].forget_step()
        for name in sent.names:
            entry = self._target.of(sent.type_url).get(name)
            if entry is None:
                held.pop(name, None)
            else:
                held[name] = entry.version
        if self._refused is None:
            return [refused]
        self._refused = replace(
            self._refused, reason=f"{self._refused.reason}; and going back was refused too: {refused.reason}"
        )
        return []

    def _answer(self, stream: Stream, request: Request) -> list[Command]:
        subscription = stream.subscriptions.get(request.type_url)
        if subscription is None:
            doubtful = {name: UNKNOWN for kind, name in self._doubtful if kind == request.type_url}
            subscription = stream.subscribe(request.type_url, request.held | doubtful)
        for name in request.unsubscribe:
            subscription.names.discard(name)
            if not subscription.wildcard:
                subscription.held.pop(name, None)
        asked = [name for name in request.subscribe if name != "*"]
        subscription.names.update(asked)
        known = self._target.of(request.type_url)
        wanted = [name for name in asked if name not in known or known[name].version != request.held.get(name)]
        if not wanted:
            return []
        entries = [known[name] for name in wanted if name in known]
        return [self._send(request.type_url, entries, [name for name in wanted if name not in known])]

    def _advance(self) -> list[Command]:
        if self._stream is None or self._holds_back:
            return []
        for type_url, removes in _STEPS:
            commands = self._remove(type_url) if removes else self._update(type_url)
            if commands is not None:
                return commands
        return self._finish() if self._push else []

    def _update(self, type_url: str) -> list[Command] | None:
        """Send what is new or changed; [] while waiting, None where the step is done."""
        assert self._stream is not None
        subscription = self._stream.subscriptions.get(type_url)
        if subscription is None:
            return [] if type_url in WILDCARDS or self._needed(type_url) else None
        changed = self._changed(type_url, subscription)
        if changed or subscription.owes_answer:
            return self._send_all(type_url, changed)
        if self._stream.is_waiting_for(type_url) or not self._needed(type_url) <= subscription.names:
            return []
        return None

    def _needed(self, type_url: str) -> frozenset[str]:
        by = self._target.of(NEEDED_BY[type_url]) if type_url in NEEDED_BY else None
        known = self._needs.get(type_url)
        if known is None or known[0] is not by:
            known = self._needs[type_url] = (by, self._target.needed(type_url))
        return known[1]

    def _remove(self, type_url: str) -> list[Command] | None:
        assert self._stream is not None
        subscription, known = self._stream.subscriptions[type_url], self._target.of(type_url)
        is_same = subscription.in_step_with is known and len(subscription.held) == len(known)
        gone = [] if is_same else sorted(subscription.held.keys() - known.keys())
        if gone:
            return [self._send(type_url, (), gone)]
        return [] if self._stream.is_waiting_for(type_url) else None

    def _changed(self, type_url: str, subscription: Subscription) -> list[Entry]:
        known = self._target.of(type_url)
        entries = list(known.values())
        if subscription.wildcard:
            # Of twenty thousand the most are the very objects that were compared the last time.
            head, tail = shared_ends(list(subscription.in_step_with.values()), entries)
            subscription.in_step_with = known
            entries = entries[head : len(entries) - tail]
        return [
            entry
            for entry in entries
            if subscription.wants(entry.name) and subscription.held.get(entry.name) != entry.version
        ]

    def _send_all(self, type_url: str, entries: list[Entry]) -> list[Command]:
        if type_url == ROUTE:
            # Envoy does not say which of several routes it refuses, so each goes alone.
            return [self._send(type_url, (entry,)) for entry in entries]
        if type_url != CLUSTER:
            return [self._send(type_url, entries, self._displaced(type_url, entries))]
        commands: list[Command] = []
        for first in range(0, len(entries) or 1, _BATCH):
            some = entries[first : first + _BATCH]
            commands += [self._send(type_url, some), *self._endpoints_of(some)]
        return commands

    def _displaced(self, type_url: str, entries: list[Entry]) -> list[str]:
        """Listeners that must go now, because a new one takes their address; Envoy removes before it adds."""
        assert self._stream is not None
        subscription = self._stream.subscriptions[type_url]
        taken = {entry.address for entry in entries if entry.address}
        gone = subscription.held.keys() - self._target.of(type_url).keys()
        return sorted(name for name in gone if subscription.addresses.get(name) in taken)

    def _endpoints_of(self, clusters: list[Entry]) -> list[Command]:
        assert self._stream is not None
        subscription = self._stream.subscriptions.get(ENDPOINT)
        known = self._target.of(ENDPOINT)
        needed = dict.fromkeys(name for cluster in clusters for name in cluster.needs)
        asked = [known[name] for name in needed if name in known and subscription and name in subscription.names]
        return [self._send(ENDPOINT, asked)] if asked else []

    def _send(self, type_url: str, entries: Iterable[Entry], removed: Iterable[str] = ()) -> Response:
        assert self._stream is not None
        response = Response(
            type_url=type_url, nonce=str(next(self._nonces)), entries=tuple(entries), removed=tuple(removed)
        )
        subscription = self._stream.subscriptions[type_url]
        subscription.owes_answer = False
        subscription.held.update({entry.name: entry.version for entry in response.entries})
        subscription.addresses.update({entry.name: entry.address for entry in response.entries})
        for name in response.removed:
            subscription.held.pop(name, None)
        names = (*(entry.name for entry in response.entries), *response.removed)
        self._stream.in_flight[response.nonce] = Sent(type_url=type_url, names=names, epoch=self._epoch)
        return response

    def _doubt(self, sent: Sent) -> None:
        assert self._stream is not None
        self._stream.subscriptions[sent.type_url].forget_step().update(dict.fromkeys(sent.names, UNKNOWN))
        self._doubtful.update((sent.type_url, name) for name in sent.names)

    def _aim(self, snapshot: Snapshot) -> None:
        self._target = snapshot
        self._epoch += 1

    def _begin(self, number: int, snapshot: Snapshot) -> None:
        self._push = number
        self._is_ahead = self._holds_back = False
        self._aim(snapshot)

    def _finish(self) -> list[Command]:
        outcome: Outcome = self._refused or Accepted(push=self._push)
        if self._refused is None:
            self.good = self._target
        self._push, self._refused = 0, None
        if self._next is None:
            return [outcome]
        (number, snapshot), self._next = self._next, None
        self._begin(number, snapshot)
        return [outcome, *self._advance()]
