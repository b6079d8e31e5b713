"""How figures are written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from experiment_sample import cell, experiment

from unstale.report import table


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (0.0, "0.0"),
        (0.04, "0.0"),
        (9.94, "9.9"),
        (9.95, "10"),
        (129.4, "129"),
        (9999.4, "9999"),
        (10010.2, "10,010"),
    ],
)
def test_milliseconds_have_a_tenth_below_ten(value: float | None, written: str) -> None:
    assert table.ms(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0 ms"), (0.099, "99 ms"), (0.0999, "0.1 s"), (0.75, "0.8 s"), (99.9, "99.9 s"), (99.96, "100 s")],
)
def test_seconds_have_as_many_digits_as_matter(value: float, written: str) -> None:
    assert table.seconds(value) == written


@pytest.mark.parametrize(("value", "written"), [(0, "0"), (9999, "9999"), (10_000, "10,000")])
def test_counts_are_parted_from_ten_thousand_on(value: int, written: str) -> None:
    assert table.count(value) == written


def test_recovery_is_a_dash_without_failures_and_never_without_an_end() -> None:
    assert table.recovery(cell("calm", "none", "GET")) == "–"
    assert table.recovery(cell("rotation-sudden", "none", "GET")) == "never"
    assert table.recovery(cell("rotation-sudden", "article", "GET")) == "0.5 s"


def test_applications_are_told_apart_where_a_cell_was_run_with_several() -> None:
    one = cell("calm", "none", "GET")
    both = replace(experiment(), cells=(replace(one, app="httpx"), replace(one, app="curl")))
    told = table.with_apps(replace(both, texts={"none": "No manifests.", "curl": "As in shells."}))
    assert table.rows_of(both) == "application"
    assert [cell.policy for cell in told.cells] == ["httpx", "curl"]
    assert told.texts["curl"] == "No manifests.\n\nAs in shells."
    several = replace(both, cells=(*both.cells, replace(one, policy="article", app="curl")))
    assert table.rows_of(several) == "policy, application"
    assert [cell.policy for cell in table.with_apps(several).cells] == ["none, httpx", "none, curl", "article, curl"]
    other = replace(both, cells=(replace(one, app="http-client"), replace(one, app="h2-client", scenario="h2-cut")))
    assert table.with_apps(other) is other


def test_recordings_name_the_one_folder_that_has_them_all() -> None:
    cells = [cell("calm", "none", "GET"), cell("calm", "none", "POST")]
    assert table.recordings(cells) == "recordings/20250301T120000Z"
    assert table.recordings([*cells, replace(cells[0], log="elsewhere/x")]) == ""
    assert table.recordings([]) == ""


def test_control_characters_and_line_breaks_do_not_get_through() -> None:
    assert table.printable("a\x1b[2J\nb\tc\x9b\u202e") == "a�[2J b�c��"
