"""What a remedy is: the pitfalls and causes it ends, its edits, its whole manifests, the scenarios that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """`codes` are the pitfalls (of `unstale lint`) and `causes` the causes (of `unstale diagnose`) that it ends.

    `edits` is the smallest change that ends a finding; none means that this finding cannot be ended in the files.
    `manifests` is the same as whole objects for a host. `scenarios` are those of the lab that prove it; a remedy
    without one is unproved. `since` is the first release that knows what is written. Of two
    remedies for a pitfall the one with `when` is taken if that is true of what the user told. The registry fills in
    `name` and `page`.
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
    def proof(self) -> str:
        """What proves it, in words."""
        return f"proved by {', '.join(self.scenarios)}" if self.scenarios else "unproved"
