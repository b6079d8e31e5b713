"""How the attempt to bring a configuration into force ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unstale.model.origin import Origin

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """In force: Envoy acknowledged every part of it."""

    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Not in force; what was in force before still is.

    `noun` says what kind of resource Envoy refused, `resources` names it (all candidates, where Envoy does not say
    which), `origins` are the places in the manifests they were made from.
    """

    reason: str
    noun: str
    resources: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()

    def __str__(self) -> str:
        first, *others = self.origins or (None,)
        place = f"{first}: " if first else ""
        what = " ".join((self.noun, _listed(self.resources))).strip()
        too = f" It was made from {_listed(others)} too." if others else ""
        return f"{place}Envoy refuses the {what} ({self.reason}).{too}"


def _listed(several: Sequence[object]) -> str:
    """The first few: where Envoy does not say which it means, hundreds may be meant."""
    rest = len(several) - _MOST_NAMED
    return ", ".join(map(str, several[:_MOST_NAMED])) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Never tried: a newer configuration arrived while another was on its way."""


Outcome = Applied | Rejected | Superseded
