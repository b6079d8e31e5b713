"""Labels of the moments at which the world changed, set in rows so that none covers another.

A label stands beside its vertical line, which runs down from it through the rows below. So the left-most of a crowd
gets the upper row, and those that must stand to the left of their line are set from the right. In a crowd a line may
pass behind a label, but labels never cover each other: what finds no place keeps its line and loses its label, and the
table of events has them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from unstale.model.experiment import Actor, Event
from unstale.report.timeline_frame import LEFT, Frame

MOST_LANES = 6
CHAR = 6.2
"""Width of a character of a label, pixels, on the safe side."""

_GAP = 5
_NEAR = 0.015
_NAMES = {Actor.DNS: "DNS"}
_SHORTER = {Actor.LOAD_BALANCER: "LB"}
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]*::[0-9a-fA-F:.]*|(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4})"
_ADDRESSES = re.compile(rf"{_ADDRESS}(?:, {_ADDRESS})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A moment in the picture; `lane` is None where the text found no place. `start` and `end` are its text's edges."""

    actor: Actor
    at_s: float
    text: str
    full: str
    x: float
    start: float = 0.0
    end: float = 0.0
    is_left: bool = False
    lane: int | None = None


def place(events: Iterable[Event], frame: Frame) -> tuple[Label, ...]:
    """The labels of all events from 0 to the frame's end, by time."""
    labels = [_sized(label, frame) for label in _joined(events, frame)]
    placed: list[Label] = []
    for label in sorted((label for label in labels if not label.is_left), key=lambda label: label.x):
        placed.append(_lane(label, placed))
    for label in sorted((label for label in labels if label.is_left), key=lambda label: -label.x):
        placed.append(_lane(label, placed))
    return tuple(sorted(placed, key=lambda label: label.x))


def lanes(labels: Iterable[Label]) -> int:
    """How many rows the labels take."""
    return max((label.lane + 1 for label in labels if label.lane is not None), default=0)


def sentence(event: Event) -> str:
    """The event in words, e.g. `DNS moved to 198.51.100.21`."""
    return f"{name_of(event.actor)} {event.what}"


def name_of(actor: Actor) -> str:
    """The actor as it is written within a sentence."""
    return _NAMES.get(actor, actor.value)


def _joined(events: Iterable[Event], frame: Frame) -> list[Label]:
    """One label for what the same actor did to several addresses at nearly the same moment."""
    groups: list[tuple[Event, str, list[str]]] = []
    for event in sorted(events, key=lambda event: event.at_s):
        if not 0 <= event.at_s <= frame.end_s:
            continue
        shape = _ADDRESSES.sub("\0", sentence(event))
        for first, its_shape, addresses in groups:
            is_near = event.at_s - first.at_s <= _NEAR * frame.end_s
            if is_near and event.actor is first.actor and shape == its_shape:
                addresses += _found(event)
                break
        else:
            groups.append((event, shape, _found(event)))
    return [_label(event, shape, addresses, frame) for event, shape, addresses in groups]


def _found(event: Event) -> list[str]:
    return [address for found in _ADDRESSES.findall(event.what) for address in found.split(", ")]


def _label(event: Event, shape: str, addresses: list[str], frame: Frame) -> Label:
    distinct = dict.fromkeys(addresses)
    short = addresses[0] if len(distinct) == 1 else f"{len(distinct)} addresses"
    return Label(
        actor=event.actor,
        at_s=event.at_s,
        text=shape.replace("\0", short if addresses else ""),
        full=f"{event.at_s:.2f} s: {shape.replace(chr(0), ', '.join(distinct))}",
        x=frame.x(event.at_s),
    )


def _sized(label: Label, frame: Frame) -> Label:
    room = max(label.x - LEFT, frame.right - label.x) - _GAP
    text = _cut(label, max(4, int(room / CHAR)))
    width = len(text) * CHAR
    is_left = label.x + _GAP + width > frame.right
    start = label.x - _GAP - width if is_left else label.x + _GAP
    return replace(label, text=text, is_left=is_left, start=start, end=start + width)


def _cut(label: Label, most: int) -> str:
    text = label.text
    if len(text) > most and label.actor in _SHORTER:
        text = text.replace(label.actor.value, _SHORTER[label.actor], 1)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _lane(label: Label, placed: list[Label]) -> Label:
    others = [other for other in placed if other.lane is not None]
    for is_free in (_is_clear, _is_apart):
        for lane in range(MOST_LANES):
            if all(is_free(label, lane, other) for other in others):
                return replace(label, lane=lane)
    return label


def _is_apart(label: Label, lane: int, other: Label) -> bool:
    return lane != other.lane or label.end + _GAP < other.start or other.end + _GAP < label.start


def _is_clear(label: Label, lane: int, other: Label) -> bool:
    if other.lane is None or other.lane == lane:
        return _is_apart(label, lane, other)
    if other.lane > lane:
        return not other.start - 2 <= label.x <= other.end + 2
    return not label.start - 2 <= other.x <= label.end + 2
