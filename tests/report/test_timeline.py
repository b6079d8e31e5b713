"""The timeline picture: where things lie, and that it stays legible."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import hostile
import pytest
from experiment_sample import SCENARIOS, cell, experiment

from unstale.model.experiment import Actor, Bucket, Cell, Event
from unstale.report import timeline, timeline_labels
from unstale.report.timeline_frame import LEFT, PLOT, frame_of, nice_step, slices

_SVG = "{http://www.w3.org/2000/svg}"


def _crowd(number: int, apart_s: float) -> Cell:
    actors = tuple(Actor)
    return replace(
        cell("calm", "none", "GET"),
        events=tuple(
            Event(at_s=1.0 + at * apart_s, actor=actors[at % len(actors)], what=f"did thing number {at} to somebody")
            for at in range(number)
        ),
    )


def _pictures() -> list[Cell]:
    return [*experiment().cells, _crowd(6, 0.0), _crowd(12, 0.2), _crowd(40, 0.17)]


@pytest.mark.parametrize("width", [timeline.WIDE, timeline.NARROW])
def test_no_label_covers_another_or_leaves_the_picture(width: int) -> None:
    for one in _pictures():
        labels = timeline_labels.place(one.events, frame_of([one], width=width))
        placed = [label for label in labels if label.lane is not None]
        assert all(label.start >= 0 and label.end <= width for label in placed)
        for a, b in combinations(placed, 2):
            assert a.lane != b.lane or a.end < b.start or b.end < a.start


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_change_of_a_common_scenario_finds_a_label(scenario: str) -> None:
    one = cell(scenario, "recommended", "GET")
    for width in (timeline.WIDE, timeline.NARROW):
        labels = timeline_labels.place(one.events, frame_of([one], width=width))
        assert all(label.lane is not None for label in labels)


def test_several_addresses_at_one_moment_are_one_label() -> None:
    labels = timeline_labels.place(
        cell("firewall-rst", "none", "GET").events, frame_of([cell("firewall-rst", "none", "GET")], width=560)
    )
    assert [label.text for label in labels][:2] == [
        "firewall forgot 2 addresses",
        "firewall learnt 2 addresses for 2.5 s",
    ]
    assert "198.51.100.11, 198.51.100.12" in labels[0].full


def test_one_address_is_written_out() -> None:
    one = replace(_crowd(0, 0), events=(Event(at_s=1, actor=Actor.DNS, what="moved to 2001:db8::7"),))
    (label,) = timeline_labels.place(one.events, frame_of([one], width=560))
    assert label.text == "DNS moved to 2001:db8::7"


def test_what_happened_before_the_first_request_is_not_in_the_picture() -> None:
    one = replace(_crowd(0, 0), events=(Event(at_s=-0.01, actor=Actor.FIREWALL, what="learnt 198.51.100.1"),))
    assert "learnt" not in timeline.picture(one, ident="x")


def test_a_marker_stands_at_its_second() -> None:
    one = cell("rotation-sudden", "none", "GET")
    frame = frame_of([one], width=560)
    labels = timeline_labels.place(one.events, frame)
    assert labels[0].x == pytest.approx(LEFT + (frame.right - LEFT) * 2.0 / 8.0)


def test_a_single_failure_among_thousands_can_be_seen() -> None:
    one = replace(
        cell("calm", "none", "GET"),
        timeline=(Bucket(start_s=0, ok=5000, failed=1), Bucket(start_s=0.25, ok=5000, failed=0)),
    )
    frame = frame_of([one], width=560)
    assert frame.y(-4.0) - frame.zero >= 3
    assert frame.y(0.0) == frame.zero


def test_successes_and_failures_share_one_scale() -> None:
    frame = frame_of([cell("own-503", "none", "GET")], width=560)
    assert frame.zero - frame.y(100) == pytest.approx(frame.y(-100) - frame.zero)
    assert frame.y(-frame.max_failed) - frame.y(frame.max_ok) == pytest.approx(PLOT)


def test_a_silence_is_drawn_as_a_gap() -> None:
    one = replace(
        cell("calm", "none", "GET"), timeline=(Bucket(start_s=0, ok=50, failed=0), Bucket(start_s=1.0, ok=50, failed=0))
    )
    assert [piece.ok for piece in slices(one, 560)] == [200, 0, 0, 0, 200]


@pytest.mark.parametrize("number", [0, 1, 140, 141, 4 * 3600])
def test_slices_keep_the_count_and_stay_wide_enough(number: int) -> None:
    one = replace(
        cell("calm", "none", "GET"),
        timeline=tuple(Bucket(start_s=at * 0.25, ok=50, failed=at % 2) for at in range(number)),
    )
    pieces = slices(one, 560)
    assert len(pieces) <= 140
    assert sum(piece.ok * (piece.end_s - piece.start_s) for piece in pieces) == pytest.approx(50 * number)
    assert sum(piece.failed * (piece.end_s - piece.start_s) for piece in pieces) == pytest.approx(number // 2)
    assert len(timeline.picture(one, ident="x")) < 12_000


@pytest.mark.parametrize(
    ("span", "step"), [(0, 0), (0.5, 0.1), (5, 1), (5.1, 2), (200, 50), (380, 100), (10_000, 2000)]
)
def test_ticks_are_round_numbers(span: float, step: float) -> None:
    assert nice_step(span, 5) == pytest.approx(step)


def test_without_requests_the_picture_says_so() -> None:
    one = replace(cell("calm", "none", "GET"), timeline=())
    root = ElementTree.fromstring(timeline.picture(one, ident="x"))
    assert "no request ended" in "".join(root.itertext())


def test_the_picture_is_told_in_words() -> None:
    one = cell("rotation-sudden", "none", "GET")
    root = ElementTree.fromstring(timeline.picture(one, ident="x"))
    assert root.get("role") == "img" and root.get("aria-labelledby") == "x-t x-d"
    assert [root[0].get("id"), root[1].get("id")] == ["x-t", "x-d"]
    assert (root[1].text or "").startswith(one.sentence)
    assert "At 2.0 s DNS moved to" in (root[1].text or "")


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5])
def test_a_standalone_picture_is_a_whole_file_with_its_own_style(number: int) -> None:
    text = timeline.standalone(experiment().cells[20 : 20 + number])
    root = ElementTree.fromstring(text)
    assert root.tag == f"{_SVG}svg"
    assert len(root.findall(f"{_SVG}g")) == number
    assert "prefers-color-scheme: dark" in (root.findtext(f"{_SVG}style") or "")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_standalone_panels_share_scale_and_zero_line() -> None:
    text = timeline.standalone([cell("rotation-sudden", "none", "GET"), cell("rotation-sudden", "recommended", "GET")])
    root = ElementTree.fromstring(text)
    zeros = [path.get("d") for path in root.iter(f"{_SVG}path") if path.get("class") == "tl-zero"]
    assert len(zeros) == 2 and len(set(zeros)) == 1


def test_hostile_texts_stay_text() -> None:
    poisoned = hostile.experiment(experiment()).cells[20]
    for text in (timeline.picture(poisoned, ident="x"), timeline.standalone([poisoned])):
        names = {element.tag.removeprefix(_SVG) for element in ElementTree.fromstring(text).iter()}
        assert names <= {"svg", "title", "desc", "g", "path", "text", "tspan", "circle", "rect", "style"}
