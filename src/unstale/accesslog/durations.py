"""How long requests took, as counts by length: small, exact where it matters, and it adds up.

Exact quantiles need every value. Counts by value with 32 steps to each doubling need a few hundred numbers however many
requests there were: lengths below 64 ms are exact, longer ones within 1.6 %.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_EXACT = 64
_STEPS = 32
_PAIR = struct.Struct("<HI")
_MOST = 2**32 - 1


def bucket_of(duration_ms: int) -> int:
    """The bucket that a duration is counted in; lengths past 2^31 ms (25 days) share the last one."""
    if duration_ms < _EXACT:
        return duration_ms
    value = min(duration_ms, 2**31 - 1)
    shift = value.bit_length() - 6
    return _EXACT + (shift - 1) * _STEPS + (value >> shift) - _STEPS


def bucket_ms(bucket: int) -> float:
    """The middle of a bucket, in milliseconds."""
    if bucket < _EXACT:
        return float(bucket)
    shift, step = divmod(bucket - _EXACT, _STEPS)
    low = (step + _STEPS) << (shift + 1)
    return low + ((1 << (shift + 1)) - 1) / 2


def packed(counts: Mapping[int, int]) -> bytes:
    """Bucket -> number of requests, as pairs of a 16-bit and a 32-bit number: tens of thousands of these are held."""
    pack = _PAIR.pack
    return b"".join([pack(bucket, count if count < _MOST else _MOST) for bucket, count in counts.items()])


@dataclass(slots=True, eq=False)
class Durations:
    """Any number of packed counts, of which the sum is meant. Not to be changed (see `result.Group`)."""

    parts: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, durations_ms: Iterable[int]) -> Durations:
        """The counts of these durations."""
        counts: dict[int, int] = {}
        for duration_ms in durations_ms:
            bucket = bucket_of(duration_ms)
            counts[bucket] = counts.get(bucket, 0) + 1
        return cls((packed(counts),))

    @property
    def counts(self) -> dict[int, int]:
        """Bucket -> number of requests, in ascending order."""
        counts: dict[int, int] = {}
        for part in self.parts:
            for bucket, count in _PAIR.iter_unpack(part):
                counts[bucket] = counts.get(bucket, 0) + count
        return dict(sorted(counts.items()))

    @property
    def total(self) -> int:
        """How many requests."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> float:
        """The duration in ms that `share` (0..1) of the requests did not exceed; 0 where there are none."""
        counts = self.counts
        wanted = share * sum(counts.values())
        seen = 0
        last = 0
        for bucket, count in counts.items():
            seen += count
            last = bucket
            if seen >= wanted:
                break
        return bucket_ms(last)

    def __add__(self, other: Durations) -> Durations:
        return Durations(self.parts + other.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Durations) and self.counts == other.counts

    def __hash__(self) -> int:
        return hash(tuple(self.counts.items()))
