"""What became of a call, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy.resource import Json, Resource
from unstale.simulation.virtual_host import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A cluster and its share of the requests or connections, 0..1."""

    cluster: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The request goes to clusters; `authority` and `path` are what the server gets, where that can be told."""

    clusters: tuple[Share, ...]
    authority: str
    path: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Envoy answers itself; `location` and `body` where it has them, `because` where nothing was meant."""

    status: int
    location: str = ""
    body: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A route before the one that took the request, and what of its match did not fit."""

    name: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What the HTTP connection manager did; `place` counts the routes of the virtual host from 0."""

    configuration: str
    virtual_host: Found | None = None
    passed_over: tuple[PassedOver, ...] = ()
    place: int = -1
    route: Json | None = None
    result: Sent | Answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Piped:
    """The bytes of the connection go to clusters unread."""

    proxy: Json
    clusters: tuple[Share, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The connection is closed without an answer."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`listener` and `chain` are None where the connection got no further."""

    listener: Resource | None
    chain: Json | None
    end: Routed | Piped | Closed

    @property
    def clusters(self) -> tuple[Share, ...]:
        """Where the call goes."""
        match self.end:
            case Piped(clusters=clusters):
                return clusters
            case Routed(result=Sent(clusters=clusters)):
                return clusters
        return ()
