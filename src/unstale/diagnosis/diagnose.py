"""From a scan and its background to findings: see the clues, weigh them for every cause, say what is missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from unstale.accesslog.result import Scan
from unstale.diagnosis.background import Background
from unstale.diagnosis.case import Case
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Sighting
from unstale.diagnosis.finding import Diagnosis, Finding, Suspect
from unstale.diagnosis.grouping import cases_of, counts_by_minute
from unstale.diagnosis.missing import next_steps, would_settle
from unstale.diagnosis.ranking import ranking
from unstale.diagnosis.registry import rules, sights
from unstale.diagnosis.rule import Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import RARE

SETTLED_RATE = 0.9
"""A symptom that is one cause in nine of ten cases names it by itself: Envoy sets UO for nothing but its limits."""

SINGLE = 2
_TOLD = 0.02
_PLACES = 5
_FOLLOWS = {
    Symptom.NO_HEALTHY: 1,
    Symptom.CLIENT_LEFT: 1,
    Symptom.UNKNOWN: 2,
    Symptom.DRAINING: 1,
    Symptom.OWN_ERROR: 2,
}
"""Symptoms that often follow from another failure at the same host, so they are told after it."""


def diagnose(scan: Scan, background: Background | None = None) -> Diagnosis:
    """All findings of a scan: the host with most failures first, what may have begun them before what follows."""
    cases = cases_of(scan, background or Background())
    totals = Counter[str]()
    for case in cases:
        totals[case.host] += case.count
    findings = sorted(map(find, cases), key=lambda finding: (-totals[finding.host], _order(finding)))
    return Diagnosis(lines=scan.lines, findings=tuple(findings), formats=scan.formats)


def find(case: Case) -> Finding:
    """The finding of one case."""
    sightings = tuple(sighting for see in sights() for sighting in see(case))
    known = rules()
    scores = {cause: score(rule, case, sightings) for cause, rule in known.items()}
    settled = max(rule.rates.get(case.symptom, RARE) for rule in known.values()) >= SETTLED_RATE
    ranked = ranking(scores, lines=case.count, is_settled=settled)
    likely = [(known[cause], probability) for cause, probability in ranked]
    places = [*(failure.place for failure in case.failures), *(error.place for error in case.apps)]
    gaps = tuple(failure.previous.idle_s for failure in case.failures if failure.previous is not None)
    return Finding(
        host=case.host,
        flag=case.flag,
        symptom=case.symptom,
        count=case.count,
        first_s=case.times[0] if case.times else None,
        last_s=_last(case),
        suspects=tuple(_suspect(rule, probability, case, sightings) for rule, probability in likely),
        would_settle=would_settle(likely, case),
        next=next_steps(likely, case),
        histories=tuple(sorted(case.history().values(), key=lambda one: one.address)),
        minutes=counts_by_minute(case),
        gaps_s=gaps,
        places=tuple(map(str, places[:_PLACES])),
        line=(*(row.line for row in case.rows[:1]), *(error.line for error in case.apps[:1]), "")[0],
        is_single=case.count <= SINGLE,
    )


def score(rule: Rule, case: Case, sightings: Iterable[Sighting]) -> float:
    """The logarithm of a cause's odds: how often it is behind the symptom, and what each clue moves."""
    seen = {sighting.clue for sighting in sightings}
    base = math.log(rule.rates.get(case.symptom, RARE))
    return base + sum(weight for clue, weight in rule.weighs.items() if clue in seen) + rule.adjust(case)


def _suspect(rule: Rule, probability: float, case: Case, sightings: Sequence[Sighting]) -> Suspect:
    weighed = sorted(
        ((rule.weighs[sighting.clue], sighting.words) for sighting in sightings if sighting.clue in rule.weighs),
        key=lambda pair: -abs(pair[0]),
    )
    speaks_for = [words for weight, words in weighed if weight > 0]
    rate = rule.rates.get(case.symptom, RARE)
    if rate >= _TOLD or not speaks_for:
        speaks_for.insert(0 if rate >= SETTLED_RATE else len(speaks_for), _base(case, rate))
    return Suspect(
        cause=rule.cause,
        probability=probability,
        speaks_for=tuple(dict.fromkeys(speaks_for)) if rate >= _TOLD or weighed else (),
        speaks_against=tuple(dict.fromkeys(words for weight, words in weighed if weight < 0)),
    )


def _base(case: Case, rate: float) -> str:
    told = case.flag if case.flag != "-" else "no flag"
    often = "nearly always" if rate >= SETTLED_RATE else f"in about {_percent(rate)} of such reports"
    return f"{told}: {case.symptom.value}, which is this {often}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.0f} %" if rate >= 0.01 else f"{100 * rate:.1f} %"


def _last(case: Case) -> float | None:
    if not case.times:
        return None
    ends = [one.last_failure_s for name in case.addresses if (one := case.scene.addresses.get(name)) is not None]
    known = [end for end in ends if end is not None]
    return max([case.times[-1], *known]) if len(case.failures) < case.count else case.times[-1]


def _order(finding: Finding) -> tuple[str, int, int, float, str]:
    first = finding.first_s if finding.first_s is not None else math.inf
    return (finding.host, _FOLLOWS.get(finding.symptom, 0), -finding.count, first, finding.flag)


def by_cause(findings: Iterable[Finding]) -> Mapping[Cause, tuple[Finding, ...]]:
    """The findings by their likeliest cause."""
    found: dict[Cause, tuple[Finding, ...]] = {}
    for finding in findings:
        found[finding.top.cause] = (*found.get(finding.top.cause, ()), finding)
    return found
