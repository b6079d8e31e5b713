"""What a remedy is: the pitfalls and causes it ends, its edits, its whole manifests, the scenarios that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.proved import Proved, proved
from unstale.remedy.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """`codes` are the pitfalls (of `unstale lint`) and `causes` the causes (of `unstale diagnose`) that it ends.

    `edits` is the smallest change that ends a finding; none means that this finding cannot be ended in the files.
    `manifests` is the same as whole objects for a host. `scenarios` are those of the lab in which it is run before and
    after (`unstale.remedy.proved`); a remedy without one, or that helps in none, is unproved. `since` is the first
    release that knows what is written. Of two remedies for a pitfall the one with `when` is taken if that is true of
    what the user told. The registry fills in `name` and `page`.
    """

    codes: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    edits: Callable[[Site], Iterable[Edit | Addition]] | None = None
    manifests: Callable[[HostFacts], Iterable[Manifest]] | None = None
    since: int = 24
    when: Callable[[HostFacts], bool] | None = None
    name: str = ""
    page: str = ""

    @property
    def title(self) -> str:
        """The first line of the page, without its full stop."""
        return self.page.split("\n", 1)[0].rstrip(".")

    @property
    def proofs(self) -> tuple[Proved, ...]:
        """The runs that show that it helps, of each scenario the one that shows it best; these first."""
        best: dict[str, Proved] = {}
        for row in proved().get(self.name, ()):
            if row.helps and row.scenario in self.scenarios:
                best.setdefault(row.scenario, row)
        return tuple(best.values())

    @property
    def proof(self) -> str:
        """What proves it, in words; "unproved" where no run shows that it helps."""
        return f"proved by {', '.join(row.words for row in self.proofs)}" if self.proofs else "unproved"
