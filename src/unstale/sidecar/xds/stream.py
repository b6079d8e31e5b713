"""What Envoy holds, asks for and has not yet answered on one ADS stream.

All of it is lost with the stream; Envoy tells it anew at its return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstale.sidecar.xds.snapshot import CLUSTER, LISTENER, Entry

UNKNOWN = ""
"""The version of a resource that Envoy may or may not have taken; it differs from every real one."""

WILDCARDS = frozenset({CLUSTER, LISTENER})
"""The types of which Envoy wants all there is, without naming them."""


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One type: the names Envoy asked for (all of them, for a wildcard) and the version it holds of each.

    `owes_answer` is true while Envoy waits for a first response, even an empty one. `addresses` are those of the
    listeners that were sent. Of a wildcard every entry of `in_step_with` is held in its version.
    """

    wildcard: bool
    names: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    in_step_with: Mapping[str, Entry] = field(default_factory=dict)
    owes_answer: bool = False

    def wants(self, name: str) -> bool:
        return self.wildcard or name in self.names

    def forget_step(self) -> dict[str, str]:
        """Compare everything the next time; the versions that are held, to be changed."""
        self.in_step_with = {}
        return self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A response that Envoy has not answered; `epoch` numbers the target it was part of."""

    type_url: str
    names: tuple[str, ...]
    epoch: int


@dataclass(slots=True, kw_only=True)
class Stream:
    """One connection of Envoy."""

    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    in_flight: dict[str, Sent] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether Envoy asked for everything it always asks for and answered all it was told."""
        return self.subscriptions.keys() >= WILDCARDS and not self.in_flight

    def is_waiting_for(self, type_url: str) -> bool:
        """Whether a response of this type is not yet answered."""
        return any(sent.type_url == type_url for sent in self.in_flight.values())

    def subscribe(self, type_url: str, held: dict[str, str]) -> Subscription:
        """The first request of a type on this stream."""
        subscription = Subscription(wildcard=type_url in WILDCARDS, held=dict(held))
        subscription.owes_answer = subscription.wildcard and not held
        self.subscriptions[type_url] = subscription
        return subscription
