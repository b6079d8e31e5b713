"""Everything found wrong in one run, in the order of the manifests."""

from __future__ import annotations

from dataclasses import replace

from unstale.istio.message import NOWHERE, Message, origin_of
from unstale.model.origin import Origin
from unstale.model.problem import Problem, Severity

MOST_IN_A_DOCUMENT = 1_000
MOST_IN_A_SOURCE = 10_000


class Faults:
    """Collects problems; rules above the schema stay silent about a message whose own fields were already wrong.

    Of one document MOST_IN_A_DOCUMENT are told and that there are more: nobody reads them, and a text of nothing but
    mistakes shall not take long.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._marked: dict[int, Message] = {}
        self._begun = 0
        self._cut: set[Severity] = set()

    def begin_document(self) -> None:
        """What follows is about another document."""
        self._begun = len(self.problems)
        self._cut.clear()

    @property
    def is_full(self) -> bool:
        """No more is told of this document."""
        return len(self.problems) - self._begun >= MOST_IN_A_DOCUMENT

    def mark(self, message: Message) -> None:
        """A field of this message was wrong and is left unset; nothing more is to be said about it."""
        self._marked[id(message)] = message

    def error(self, origin: Origin, what: str, allowed: str = "") -> None:
        """An error at a place."""
        self._tell(Problem(origin=origin, what=what, allowed=allowed))

    def warn(self, origin: Origin, what: str, allowed: str = "") -> None:
        """A warning at a place."""
        self._tell(Problem(origin=origin, what=what, allowed=allowed, severity=Severity.WARNING))

    def _tell(self, problem: Problem) -> None:
        if not self.is_full:
            self.problems.append(problem)
        elif problem.severity not in self._cut:
            self._cut.add(problem.severity)
            what = f"more than {MOST_IN_A_DOCUMENT} problems in one document, and from here on they are not told"
            self.problems.append(replace(problem, what=what, allowed=""))

    def reject(self, message: Message, attribute: str, what: str, allowed: str = "") -> None:
        """An error in a field of a message, at the field if it was written, else at the message."""
        if self._may_be_judged(message):
            self.error(origin_of(message, attribute), what, allowed)

    def caution(self, message: Message, attribute: str, what: str, allowed: str = "") -> None:
        """A warning in a field of a message, placed as by `reject`."""
        if self._may_be_judged(message):
            self.warn(origin_of(message, attribute), what, allowed)

    def _may_be_judged(self, message: Message) -> bool:
        """Not where a field was wrong, nor where nothing was written: then the message around it lacks this one."""
        return message.origin is not NOWHERE and id(message) not in self._marked

    @property
    def errors(self) -> list[Problem]:
        """The errors alone."""
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Problem]:
        """The warnings alone."""
        return [problem for problem in self.problems if problem.severity is Severity.WARNING]
