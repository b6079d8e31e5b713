"""One pitfall: its code, its words, and the function that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unstale.lint.finding import Severity
from unstale.lint.view import View
from unstale.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Where a rule's pitfall is and what stands there; `why` and `fix` stand in for those of the rule if given."""

    origin: Origin
    message: str
    why: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One pitfall.

    `others` are the codes of istioctl analyze and Kiali for the same. `scenario` is the scenario of the lab that shows
    it. `needs` is what must be known besides the manifests: a key of `unstale.lint.linter.NEEDS`. The registry fills in
    `name`, the name of the file, and `page`, its docstring.
    """

    code: str
    severity: Severity
    why: str
    fix: str
    check: Callable[[View], Iterable[Hit]]
    others: tuple[str, ...] = ()
    scenario: str | None = None
    needs: str | None = None
    name: str = ""
    page: str = ""

    @property
    def title(self) -> str:
        """The first line of the page, without its full stop."""
        return self.page.split("\n", 1)[0].rstrip(".")
