"""What a transport tells about its connections: events as they happen, and counts of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from unstale.clients.policy import Cut, Retirement


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOpened:
    """A connection to `host` at `address` was established in `took_s` seconds."""

    host: str
    address: str
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRetired:
    """A connection takes no further request. `idle_s` is 0 while it still carries one."""

    host: str
    address: str
    reason: Retirement
    age_s: float
    idle_s: float
    requests: int

    def __str__(self) -> str:
        return (
            f"{self.host}: connection to {self.address} retired: {self.reason} "
            f"(age {self.age_s:.1f} s, idle {self.idle_s:.1f} s, {self.requests} requests)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRepeated:
    """A request is sent once more, `after_s` seconds after its first failure; `repeat` counts from 1."""

    host: str
    method: str
    cut: Cut
    repeat: int
    after_s: float

    def __str__(self) -> str:
        return f"{self.host}: {self.method} {self.cut}, repeat {self.repeat} after {self.after_s:.2f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressesChanged:
    """The addresses that count for `host` changed: its DNS answer, and where answers rotate those of a while ago."""

    host: str
    before: tuple[str, ...]
    after: tuple[str, ...]


Event = ConnectionOpened | ConnectionRetired | RequestRepeated | AddressesChanged

# Called in the thread where the event happens, without any lock held.
Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Counts since the transport was made; `open` and `opened` are connections by address.

    `opened` counts the addresses of long ago together, as "others".
    """

    requests: int = 0
    repeats: int = 0
    open: Mapping[str, int] = field(default_factory=dict)
    opened: Mapping[str, int] = field(default_factory=dict)
    retired: Mapping[Retirement, int] = field(default_factory=dict)
