"""What the lab counted before and after each remedy: figures of real runs, made by `scripts/prove_remedies.py`.

A remedy that names a scenario is not proved by that; it is proved where fewer requests failed, or fewer of those that
must not ran twice, by more than luck makes of one run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache
from importlib.resources import files

from unstale.model.proof import ONCE_ONLY

HEAD = "remedy\tcode\tscenario\tmethod\trequests\tfailed\tafter\ttwice\tafter\n"
_LEAST = 4
"""A difference of fewer requests is called luck: repeated runs of one cell differ by as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """One pitfall of a remedy in one scenario with one method: requests, and how many of them failed or ran twice."""

    remedy: str
    code: str
    scenario: str
    method: str
    requests: int
    failed_before: int
    failed_after: int
    twice_before: int
    twice_after: int

    @property
    def helps(self) -> bool:
        """Fewer by half, and by more than luck: of failures, or of POSTs that ran twice; and neither for the other.

        A POST that may have run fails rather than to run twice, so there failures may be more. A GET may run twice.
        """
        if self.method not in ONCE_ONLY:
            return _is_less(self.failed_before, self.failed_after)
        if _is_less(self.twice_before, self.twice_after):
            return True
        return _is_less(self.failed_before, self.failed_after) and self.twice_after <= self.twice_before

    @property
    def words(self) -> str:
        """As in `dns-empty: 311 → 0 of 1000 GETs failed`."""
        if self.method in ONCE_ONLY and _is_less(self.twice_before, self.twice_after):
            return (
                f"{self.scenario}: {self.twice_before} → {self.twice_after} of {self.requests} {self.method}s ran twice"
            )
        return f"{self.scenario}: {self.failed_before} → {self.failed_after} of {self.requests} {self.method}s failed"

    @property
    def gain(self) -> float:
        """The share of the requests that it saves."""
        saved = max(self.failed_before - self.failed_after, 0)
        if self.method in ONCE_ONLY:
            saved = max(saved, self.twice_before - self.twice_after)
        return saved / max(self.requests, 1)


def _is_less(before: int, after: int) -> bool:
    return before - after >= _LEAST and after * 2 <= before


@lru_cache(maxsize=1)
def proved() -> Mapping[str, tuple[Proved, ...]]:
    """All rows by the remedy's name, what helps most first."""
    text = files("unstale.remedy").joinpath("proved.tsv").read_text(encoding="utf-8")
    found: dict[str, list[Proved]] = {}
    for line in text.splitlines()[1:]:
        row = from_line(line)
        found.setdefault(row.remedy, []).append(row)
    return {name: tuple(sorted(rows, key=lambda row: (-row.gain, row.scenario))) for name, rows in found.items()}


def from_line(line: str) -> Proved:
    """A row as it is kept."""
    remedy, code, scenario, method, *numbers = line.split("\t")
    requests, failed_before, failed_after, twice_before, twice_after = map(int, numbers)
    return Proved(
        remedy=remedy,
        code=code,
        scenario=scenario,
        method=method,
        requests=requests,
        failed_before=failed_before,
        failed_after=failed_after,
        twice_before=twice_before,
        twice_after=twice_after,
    )


def to_line(row: Proved) -> str:
    """The same, the other way."""
    return "\t".join(map(str, astuple(row)))
