"""How the attempt to bring a configuration into force ended."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.model.origin import Origin


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
        what = " ".join((self.noun, ", ".join(self.resources))).strip()
        too = f" It was made from {', '.join(str(origin) for origin in others)} too." if others else ""
        return f"{place}Envoy refuses the {what} ({self.reason}).{too}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Never tried: a newer configuration arrived while another was on its way."""


Outcome = Applied | Rejected | Superseded
