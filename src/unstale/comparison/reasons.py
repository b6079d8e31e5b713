"""Why each thing changes with an upgrade, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unstale.comparison.behaviours import behaviour_behind
from unstale.comparison.compare import Change
from unstale.comparison.difference import Difference
from unstale.comparison.piece import ALL_HOSTS
from unstale.comparison.upgrade import Upgrade
from unstale.istio.schema import release_number

_FOLLOWS = "what stands around the parts that are new or gone comes and goes with them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """`since` is the release that brought it, as 1.31; empty where it is no release's behaviour."""

    words: str
    since: str = ""


class Reasons:
    """Of one upgrade."""

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade
        self._older, self._newer = release_number(upgrade.older), release_number(upgrade.newer)
        self._explained = set(self._explained_containers())

    def of(self, change: Change) -> tuple[Reason | None, ...]:
        """One for each difference of the change, or one for the whole piece; None where none is known."""
        return tuple(self._reason(change, difference) for difference in change.differences or (None,))

    def _reason(self, change: Change, difference: Difference | None) -> Reason | None:
        own = self._own_reason(change, difference)
        if own is None and difference is None and _container(change) in self._explained:
            return Reason(words=_FOLLOWS) if change.piece.host == ALL_HOSTS else None
        return own

    def _own_reason(self, change: Change, difference: Difference | None) -> Reason | None:
        behaviour = behaviour_behind(change, difference, self._older, self._newer)
        if behaviour is not None:
            return Reason(words=behaviour.words, since=f"1.{behaviour.since}")
        refusal = self._upgrade.refusal_behind(change)
        if refusal is not None:
            where = refusal.problem.origin
            return Reason(words=f"one of its objects counts in one release only: {refusal.release} refuses {where}")
        patch = next((origin for origin in change.piece.origins if origin in self._upgrade.patches_by_version), None)
        return Reason(words=f"an EnvoyFilter is for certain versions of the proxy: {patch}") if patch else None

    def _explained_containers(self) -> Iterator[str]:
        for change in self._upgrade.changes:
            if any(self._own_reason(change, difference) for difference in change.differences or (None,)):
                yield _container(change)


def _container(change: Change) -> str:
    """The listener or route configuration; both of one port have different names."""
    return change.piece.inside or change.piece.name
