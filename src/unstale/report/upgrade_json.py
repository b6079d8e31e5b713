"""What an upgrade changes, as plain values: the answer of `unstale upgrade -o json`, and what its text is made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unstale.comparison.compare import Change, by_host
from unstale.comparison.difference import ABSENT
from unstale.comparison.reasons import Reason, Reasons
from unstale.comparison.upgrade import Upgrade
from unstale.model.origin import Origin


def upgrade_json(upgrade: Upgrade) -> dict[str, Any]:
    """`hosts` has one entry a host, the empty name first for what belongs to no single one."""
    reasons = Reasons(upgrade)
    return {
        "from": upgrade.older,
        "to": upgrade.newer,
        "refused": [
            {"by": refusal.release, "place": str(refusal.problem.origin), "message": _message(refusal.problem)}
            for refusal in upgrade.refusals
        ],
        "hosts": [_host(reasons, host, found) for host, found in by_host(upgrade.changes).items()],
        "notes": [
            {"since": f"1.{note.since}", "words": note.words, "origins": places(note.origins)} for note in upgrade.notes
        ],
    }


def places(origins: Iterable[Origin]) -> list[str]:
    """As editors take them."""
    return [str(origin) for origin in origins]


def change_json(change: Change) -> dict[str, Any]:
    """The piece, where it comes from and what differs; a piece that only one side has is told whole."""
    shown: dict[str, Any] = {
        "kind": change.piece.kind,
        "name": change.piece.name,
        "inside": change.piece.inside,
        "origins": places(change.piece.origins),
    }
    if not change.differences:
        side = "after" if change.is_new else "before"
        return {**shown, "differences": [{"path": "", side: change.piece.value}]}
    return {
        **shown,
        "differences": [
            {"path": one.path}
            | ({} if one.before is ABSENT else {"before": one.before})
            | ({} if one.after is ABSENT else {"after": one.after})
            for one in change.differences
        ],
    }


def _host(reasons: Reasons, host: str, found: Iterable[Change]) -> dict[str, Any]:
    told: dict[Reason, None] = {}
    shown = []
    for change in found:
        one = change_json(change)
        for reason, difference in zip(reasons.of(change), one["differences"], strict=True):
            difference["reason"] = reason.words if reason else None
            if reason is not None:
                told[reason] = None
        shown.append(one)
    return {
        "host": host,
        "reasons": [{"since": reason.since or None, "words": reason.words} for reason in told],
        "changes": shown,
    }


def _message(problem: Any) -> str:
    return str(problem).removeprefix(f"{problem.origin}: ")
