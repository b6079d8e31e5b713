"""A diagnosis as inline SVG: failures a minute by cause, addresses over time, idle time before the failure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from unstale.accesslog.instant import epoch_s, iso_minute, iso_time
from unstale.accesslog.result import Address
from unstale.diagnosis.finding import Finding
from unstale.report.table import count, printable
from unstale.report.timeline_frame import nice_step

WIDTH = 720
_LEFT, _RIGHT, _TOP, _PLOT, _BELOW = 46, 12, 10, 150, 30
_MOST_BARS = 180
_MOST_ADDRESSES = 24
_LANE = 20
_NAME_ROOM = 168
_GAP_EDGES_S = (0.1, 1, 2, 5, 10, 15, 20, 30, 45, 60, 75, 90, 120, 180, 240, 300, 360, 600, 900, 1800, 3600, 7200)
_COLOURS = 8


def colour_class(number: int) -> str:
    """The class that gives the number-th cause its colour; the texture of the legend's order tells more than eight."""
    return f"dg-c{number % _COLOURS}"


def failures_picture(findings: Sequence[Finding], causes: Sequence[str]) -> str:
    """Failures a minute, stacked by likeliest cause; empty where no line has a time."""
    by_cause = {cause: _minutes(findings, cause) for cause in causes}
    minutes = sorted({minute for counts in by_cause.values() for minute in counts})
    if not minutes:
        return ""
    bins, step_min = _bins(minutes)
    sums = {cause: _summed(counts, bins, step_min) for cause, counts in by_cause.items()}
    top = max(sum(sums[cause][at] for cause in causes) for at in range(len(bins)))
    room = WIDTH - _LEFT - _RIGHT
    wide = room / len(bins)
    parts = [*_count_axis(top), *_time_axis(bins[0], bins[-1] + 60 * step_min, _TOP + _PLOT)]
    for at in range(len(bins)):
        below = 0.0
        for number, cause in enumerate(causes):
            height = _PLOT * sums[cause][at] / top
            if height:
                shown = max(height, 1.5)
                y = _TOP + _PLOT - below - shown
                words = f"{iso_minute(bins[at])} {cause}: {count(sums[cause][at])}"
                parts.append(
                    f'<rect class="{colour_class(number)}" x="{_n(_LEFT + at * wide)}" y="{_n(y)}" '
                    f'width="{_n(max(wide - 0.6, 1.0))}" height="{_n(shown)}"><title>{_text(words)}</title></rect>'
                )
                below += shown
    total = sum(sum(values) for values in sums.values())
    return _svg(
        parts, _TOP + _PLOT + _BELOW, f"Failures by minute: {count(total)} in all, at most {count(top)} at once"
    )


def addresses_picture(histories: Sequence[Address]) -> str:
    """Each address a line: from its first to its last success, and from its first to its last failure."""
    lives = [one for one in histories if _times(one)][:_MOST_ADDRESSES]
    if not lives:
        return ""
    first = min(min(_times(one)) for one in lives)
    last = max(max(_times(one)) for one in lives)
    span = max(last - first, 1.0)
    room = WIDTH - _NAME_ROOM - _RIGHT
    parts = list(_time_axis(first, first + span, _TOP + _LANE * len(lives), left=_NAME_ROOM))
    for number, one in enumerate(lives):
        y = _TOP + _LANE * (number + 0.5)
        parts.append(f'<text class="dg-name" x="0" y="{_n(y)}" dy=".35em">{_text(one.address)}</text>')
        for name, begin, end, shift in (
            ("ok", one.first_success_s, one.last_success_s, -3.5),
            ("bad", one.first_failure_s, one.last_failure_s, 3.5),
        ):
            if begin is None or end is None:
                continue
            x, width = _NAME_ROOM + room * (begin - first) / span, max(2.0, room * (end - begin) / span)
            told = one.successes if name == "ok" else one.failures
            did = "served" if name == "ok" else "failed"
            words = f"{one.address}: {count(told)} {did}, {iso_time(begin)} to {iso_time(end)}"
            parts.append(
                f'<rect class="dg-{name}" x="{_n(x)}" y="{_n(y + shift - 2.5)}" width="{_n(width)}" height="5" rx="2">'
                f"<title>{_text(words)}</title></rect>"
            )
    return _svg(
        parts,
        _TOP + _LANE * len(lives) + _BELOW,
        f"{count(len(lives))} addresses: when they served and when they failed",
    )


def gaps_picture(gaps_s: Sequence[float]) -> str:
    """How long the connections had been idle before they failed, by usual time-outs; empty where that is not known."""
    if not gaps_s:
        return ""
    counts = [0] * (len(_GAP_EDGES_S) + 1)
    for gap in gaps_s:
        counts[sum(gap >= edge for edge in _GAP_EDGES_S)] += 1
    top = max(counts)
    wide = (WIDTH - _LEFT - _RIGHT) / len(counts)
    parts = list(_count_axis(top))
    for at, number in enumerate(counts):
        x = _LEFT + at * wide
        if at:
            parts.append(
                f'<text class="dg-tick" x="{_n(x)}" y="{_TOP + _PLOT + 14}" text-anchor="middle">'
                f"{_short(_GAP_EDGES_S[at - 1])}</text>"
            )
        if number:
            height = max(_PLOT * number / top, 1.5)
            low = _short(_GAP_EDGES_S[at - 1]) if at else "0"
            high = _short(_GAP_EDGES_S[at]) if at < len(_GAP_EDGES_S) else "more"
            parts.append(
                f'<rect class="dg-bad" x="{_n(x + 1)}" y="{_n(_TOP + _PLOT - height)}" width="{_n(wide - 2)}" '
                f'height="{_n(height)}"><title>{count(number)}: {low} to {high}</title></rect>'
            )
    return _svg(parts, _TOP + _PLOT + _BELOW, f"Idle time before {count(len(gaps_s))} failures, by usual time-outs")


def _minutes(findings: Iterable[Finding], cause: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for finding in findings:
        if finding.top.cause == cause:
            for minute, number in finding.minutes.items():
                found[minute] = found.get(minute, 0) + number
    return found


def _bins(minutes: Sequence[str]) -> tuple[list[float], int]:
    """The bars' first seconds, and how many minutes each covers: no more bars than can be told apart."""
    seconds = [found for minute in minutes if (found := epoch_s(f"{minute}:00Z")) is not None]
    total = int((seconds[-1] - seconds[0]) // 60) + 1
    step = max(1, math.ceil(total / _MOST_BARS))
    return [seconds[0] + 60.0 * step * at for at in range(math.ceil(total / step))], step


def _summed(counts: Mapping[str, int], bins: Sequence[float], step_min: int) -> list[int]:
    sums = [0] * len(bins)
    for minute, number in counts.items():
        seconds = epoch_s(f"{minute}:00Z")
        if seconds is not None:
            sums[min(len(bins) - 1, int((seconds - bins[0]) // (60 * step_min)))] += number
    return sums


def _count_axis(top: int) -> Iterable[str]:
    step = max(1.0, nice_step(top, 4))
    value = 0.0
    while value <= top:
        y = _n(_TOP + _PLOT - _PLOT * value / top)
        yield f'<path class="dg-grid" d="M{_LEFT} {y}H{WIDTH - _RIGHT}"/>'
        yield f'<text class="dg-tick" x="{_LEFT - 6}" y="{y}" dy=".35em" text-anchor="end">{count(round(value))}</text>'
        value += step


def _time_axis(first: float, last: float, bottom: float, *, left: float = _LEFT) -> Iterable[str]:
    span = max(last - first, 1.0)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + (WIDTH - _RIGHT - left) * share
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        told = iso_time(first + span * share)[11:19]
        yield f'<path class="dg-grid" d="M{_n(x)} {_TOP}V{_n(bottom)}"/>'
        yield f'<text class="dg-tick" x="{_n(x)}" y="{_n(bottom + 15)}" text-anchor="{anchor}">{told}</text>'


def _times(one: Address) -> list[float]:
    known = (one.first_success_s, one.last_success_s, one.first_failure_s, one.last_failure_s)
    return [time for time in known if time is not None]


def _short(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.0f}ms"
    return f"{seconds:g}" if seconds < 100 else (f"{seconds / 60:g}m" if seconds < 3600 else f"{seconds / 3600:g}h")


def _svg(parts: Iterable[str], height: float, title: str) -> str:
    return (
        f'<svg class="dg" viewBox="0 0 {WIDTH} {_n(height)}" role="img" aria-label="{_text(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
