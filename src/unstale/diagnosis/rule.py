"""One cause: how often it is behind each symptom, and what each clue is worth to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from unstale.diagnosis.case import Case
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.symptom import Symptom


class Need(Enum):
    """Something that was not given and would tell causes apart."""

    MORE_LINES = auto()
    HISTORY = auto()
    DNS = auto()
    MANIFESTS = auto()
    PROXY = auto()
    SERVER = auto()
    PACKETS = auto()


def _always(_: Case) -> float:
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`rates` is the share of this cause among cases with a symptom, when nothing else is known.

    The rates are estimates from published reports and from the lab, and only their order of size is meant. `weighs`
    says in nats (see `weight`) what a clue moves. `adjust` is for what depends on a measurement, in nats. `settled_by`
    says what would confirm or exclude the cause, `next` are commands that help. `scenarios` reproduce the cause in the
    lab, `lab` says with what beside them. The registry fills in `page`, the module's docstring.
    """

    cause: Cause
    rates: Mapping[Symptom, float]
    weighs: Mapping[Clue, float]
    settled_by: Mapping[Need, str]
    scenarios: tuple[str, ...]
    lab: str = ""
    next: tuple[str, ...] = ()
    adjust: Callable[[Case], float] = _always
    page: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        """The first line of the page."""
        return self.page.split("\n", 1)[0].rstrip(".")
