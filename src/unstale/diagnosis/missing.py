"""What was not given and would tell the likely causes apart, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from unstale.diagnosis.address import is_mesh_name, is_name
from unstale.diagnosis.case import Case
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.rule import Need, Rule

SURE = 0.9
"""From this probability on nothing more needs to be settled."""

_LIKELY = 0.08
_MOST = 5
_FEW = 3


def would_settle(likely: Sequence[tuple[Rule, float]], case: Case) -> tuple[str, ...]:
    """Sentences, the most telling first; none where the cause is as good as certain."""
    if likely[0][1] >= SURE:
        return ()
    found: dict[str, None] = {}
    for need in _open(case):
        if need in _GENERIC:
            found[_GENERIC[need]] = None
        asked = next((rule for rule, probability in likely if need in rule.settled_by and probability >= _LIKELY), None)
        if asked is not None:
            found[asked.settled_by[need]] = None
    return tuple(found)[:_MOST]


def next_steps(likely: Sequence[tuple[Rule, float]], case: Case) -> tuple[str, ...]:
    """Commands of `unstale` for the likeliest cause and, where it is not certain, the next one's experiment."""
    found: dict[str, None] = {}
    for number, (rule, probability) in enumerate(likely[:2]):
        if number and (probability < 0.15 or rule.cause is Cause.OTHER):
            break
        for words in rule.next:
            text = words.replace("{host}", case.host)
            if "{host}" not in words or (is_name(case.host) and not is_mesh_name(case.host)):
                found[text] = None
        if rule.scenarios and not rule.lab and rule.cause is not Cause.OTHER:
            found[f"unstale prove --scenario {rule.scenarios[0]}"] = None
    return tuple(found)


def _open(case: Case) -> list[Need]:
    """What is missing, in the order in which it helps."""
    background = case.scene.background
    needs = []
    if case.count < _FEW:
        needs.append(Need.MORE_LINES)
    if not case.failures or not any(failure.is_traced for failure in case.failures):
        needs.append(Need.HISTORY)
    is_external = is_name(case.host) and not is_mesh_name(case.host)
    if background.dns is None and (is_external or not case.host):
        needs.append(Need.DNS)
    if background.declared is None and is_external:
        needs.append(Need.MANIFESTS)
    if background.clusters is None:
        needs.append(Need.PROXY)
    return [*needs, Need.SERVER, Need.PACKETS]


_GENERIC = {
    Need.MORE_LINES: ("the whole log, with the requests that went well: one line alone seldom proves a cause"),
}
