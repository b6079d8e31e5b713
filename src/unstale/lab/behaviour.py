"""How a load-balancer node treats a request: run it or not, answer, hang up, or never say anything."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What happens to `share` (0..1) of the requests; the others are served.

    `runs` says whether the request takes effect, `answers` is the status sent, None to cut the connection instead.
    `takes_s` is how long an answer takes; `stalls` never gives one and keeps the connection.
    """

    runs: bool = True
    answers: int | None = 200
    share: float = 1.0
    takes_s: float = 0.0
    stalls: bool = False

    def applies(self, key: str) -> bool:
        """Whether the request attempt named `key` is one of the share; the same key always gets the same answer."""
        return self.share >= 1.0 or random.Random(key).random() < self.share

    def to_json(self) -> dict[str, object]:
        return asdict(self)


SERVES = Behaviour()
STALLS = Behaviour(runs=False, stalls=True)
