"""What an application of the lab is: a program that sends a load and notes what became of each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unstale.lab.apps import App
from unstale.lab.ledger import Request
from unstale.lab.loopback import DESTINATION_HEADER
from unstale.lab.registry import members
from unstale.lab.workload import Pace, Workload
from unstale.lab.world import Http

NOT_SENT = "not sent: every connection was busy to the end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the application does. `timeout_s` is its patience for one request; `ttl_s` how often it refreshes DNS.

    `ca` is the authority that it trusts where it speaks TLS itself, None where it speaks in the clear. `program` is
    the application's name, `habit` how it keeps connections; `headers` are sent with each request. On the loopback
    the application calls the sidecar at `via`, asks `resolver` for names, and says in a header which address and
    `server_port` it means.
    """

    program: str
    habit: App
    host: str
    port: int
    method: str
    pace: Pace
    timeout_s: float
    ttl_s: float
    workload: str = "steady"
    http: Http = Http.HTTP1
    ca: Path | None = None
    via: tuple[str, int] | None = None
    resolver: tuple[str, int] | None = None
    server_port: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Workload:
        """The workload by its name."""
        work: Workload = members("unstale.lab.workloads", "WORKLOAD")[self.workload]
        return work

    @property
    def authority(self) -> str:
        """The host as it stands in a request."""
        usual = 80 if self.ca is None else 443
        return self.host if self.port == usual else f"{self.host}:{self.port}"

    def destination(self, address: str) -> dict[str, str]:
        """The headers that say which address is meant; none where the connection itself does."""
        return {} if self.via is None else {DESTINATION_HEADER: f"{address}:{self.server_port}"}

    def place(self, address: str) -> tuple[str, int]:
        """Where a connection for `address` is opened."""
        return self.via or (address, self.port)

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return "http" if self.ca is None else "https"

    @property
    def body(self) -> bytes | None:
        """What a request carries, None for methods without a body."""
        if self.method not in ("POST", "PUT", "PATCH"):
            return None
        return b'{"amount": 1}'.ljust(self.work.body_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the HTTP status, the body's size, and an error that came with it (a gRPC status, say)."""

    status: int
    body_bytes: int
    error: str = ""


class FailedError(Exception):
    """A request got no answer; its text says why. What an application raises for its library's own errors."""


def _as_it_is(_: Load) -> None:
    return


Note = Callable[[Request], None]
"""Told of each request when it has ended; may be called from any thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`send` sends the load from a CLOCK_MONOTONIC time on and returns when every request has ended.

    `prepare` is called before, and may take its time to import or to build. `speaks` are the protocols it can be asked
    for; `needs` the system programs without which it cannot run. `kept`
    says whether it can keep connections, `closed` whether it can close each.
    """

    send: Callable[[Load, float, Note], None]
    prepare: Callable[[Load], None] = _as_it_is
    speaks: frozenset[Http] = frozenset({Http.HTTP1})
    needs: tuple[str, ...] = ()
    habits: tuple[App, ...] = ()
    has_ids: bool = True


def program(name: str) -> Program:
    """The application called `name`."""
    found: Program = members("unstale.lab.apps", "APP")[name]
    return found
