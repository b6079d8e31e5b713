"""What goes in and out of the delta xDS state machine: Envoy's words, ours, and how a push ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from unstale.sidecar.xds.snapshot import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What Envoy said. `nonce` is that of the answered response, "" for none; `error` is None unless it refuses it."""

    type_url: str
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    held: dict[str, str] = field(default_factory=dict)
    nonce: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Tell Envoy."""

    type_url: str
    nonce: str
    entries: tuple[Entry, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """All of push `push` is in force."""

    push: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Push `push` is not in force, what was in force before it is. `push` is 0 where nothing was being pushed."""

    push: int
    type_url: str
    names: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Push `push` was never begun: a newer one arrived while another was under way."""

    push: int


Outcome = Accepted | Refused | Superseded
Command = Response | Outcome
