"""The two ledgers of a cell: what the application sent and got, and what the server ran.

Times are seconds of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the application saw it.

    `due` is when the schedule wanted it sent, `sent` when it was, `ended` when its answer or error was complete;
    `late_s` the part of the delay that was the load generator's own. `status` is 0 where no answer came, and `error`
    says why; with gRPC an error may come with an answer.
    """

    id: str
    due: float
    sent: float
    ended: float
    late_s: float
    status: int
    body_bytes: int
    error: str

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 400 and not self.error

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of a request on a node. `answered` is the status sent back, None where the connection was cut instead."""

    at: float
    id: str
    method: str
    address: str
    answered: int | None

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def executed_twice(runs: Mapping[str, int]) -> int:
    """How many requests ran more than once, of the runs by request id."""
    return sum(count > 1 for count in runs.values())
