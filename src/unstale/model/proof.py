"""What a remedy changed: the same scenario and method before and after it."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.model.experiment import Cell

ONCE_ONLY = frozenset({"POST", "PATCH"})
"""Methods that must not run twice (RFC 9110, 9.2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One scenario and method before and after."""

    before: Cell
    after: Cell

    @property
    def is_worse(self) -> bool:
        """More POSTs ran twice than before, or more of the others failed without fewer of them running twice.

        A GET that runs twice changes nothing. A POST whose connection was cut may have run: that it fails now, where
        it was repeated at a venture, is what keeps it from running twice.
        """
        more_twice = self.after.executed_twice - self.before.executed_twice
        if self.after.method in ONCE_ONLY:
            return more_twice > 0
        return self.after.failed > self.before.failed and more_twice >= 0
