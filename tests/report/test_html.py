"""The HTML report: whole, inert, self-contained, and accessible as far as its text can tell."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import hostile
import pytest
from experiment_sample import cell, experiment

from unstale.model.experiment import Experiment, Latency
from unstale.report.html import to_html

_VOID = {"meta", "input", "br", "hr", "img", "link"}


class Document(HTMLParser):
    """Elements with their attributes and depth; complains about what is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"attribute twice: {tag} {attrs}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All text outside of style sheets, blanks joined."""
        return " ".join(" ".join(data for tag, data in self.texts if tag != "style").split())


@cache
def _html() -> str:
    return to_html(experiment())


@cache
def _document() -> Document:
    return Document(_html())


def _one(**changes: Any) -> Experiment:
    return replace(experiment(), cells=(replace(cell("rotation-sudden", "article", "GET"), **changes),))


def test_is_a_whole_document_of_reasonable_size() -> None:
    assert _html().startswith("<!doctype html>")
    assert _document().all("html") == [{"lang": "en"}]
    assert len(_html().encode()) < 1_500_000


def test_loads_nothing_from_elsewhere_and_runs_nothing() -> None:
    names = {name for name, _ in _document().elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
    assert "http" not in _html().replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    css = "".join(data for tag, data in _document().texts if tag == "style")
    assert "url(" not in css and "@import" not in css
    for _, attributes in _document().elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "style")]


def test_every_link_leads_to_one_place_in_the_page() -> None:
    ids = [attributes["id"] for _, attributes in _document().elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"] for attributes in _document().all("a")}
    assert all(target[0] == "#" and target[1:] in ids for target in targets)
    for _, attributes in _document().elements:
        assert all(name in ids for name in attributes.get("aria-labelledby", "").split())


def test_the_matrix_has_an_entry_for_every_cell() -> None:
    entries = [attributes for attributes in _document().all("a") if "entry" in attributes.get("class", "")]
    assert len(entries) == len(experiment().cells)
    labels = [entry["aria-label"] for entry in entries]
    assert "own-503, article, POST: 254 failed, 1212 executed twice" in labels


def test_every_cell_has_its_sentence_figures_and_evidence() -> None:
    text = _document().text
    for one in experiment().cells:
        assert one.sentence in text
        assert one.log in text
        assert all(failure.line in text for failure in one.first_failures)
        assert all(reason in text for reason in one.failures)


def test_tells_how_it_was_run() -> None:
    for wanted in ("unstale prove --html report.html", "ttl_s", "1.40.0", "2025-03-01T12:00:00+00:00"):
        assert wanted in _document().text


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [int(name[1]) for name, _ in _document().elements if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_table_headers_have_a_scope_and_pictures_a_title() -> None:
    assert all(header.get("scope") in ("row", "col") for header in _document().all("th"))
    pictures = _document().all("svg")
    assert len(pictures) == 3 * len(experiment().cells), "two timelines and a histogram"
    assert all(picture["role"] == "img" and picture["aria-labelledby"] for picture in pictures)


def test_hostile_texts_are_inert() -> None:
    document = Document(to_html(hostile.experiment(experiment())))
    assert {name for name, _ in document.elements} == {name for name, _ in _document().elements}
    for _, attributes in document.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert attributes.get("href", "#").startswith("#")
    assert "<script>alert(1)</script>" in document.text
    assert "{{ 7*7 }}" in document.text
    assert "\x1b" not in document.text and "\x00" not in document.text


def test_names_that_look_alike_get_places_of_their_own() -> None:
    twins = replace(
        experiment(),
        cells=tuple(replace(cell("calm", "none", "GET"), scenario=name) for name in ("a b", "a-b", "A.B", "…", "")),
    )
    document = Document(to_html(twins))
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_words_in_backquotes_are_code() -> None:
    assert "<code>resolution: DNS</code>" in _html()


def test_columns_name_the_application_where_there_are_several() -> None:
    one = cell("calm", "none", "GET")
    page = to_html(replace(experiment(), cells=(replace(one, app="httpx"), replace(one, app="fresh-httpx"))))
    assert '<th role="columnheader" scope="col">fresh-httpx</th>' in page
    assert "calm, httpx, GET" in page


def test_no_cells_are_told() -> None:
    assert "No cell was run." in Document(to_html(replace(experiment(), cells=(), parameters={}, versions={}))).text


def test_one_cell_is_a_report_too() -> None:
    text = Document(to_html(_one())).text
    assert "1600 requests (GET) through a real Envoy, in 1 scenario under 1 policy. Of 1 cell, 0 were clean" in text
    assert "Show only cells" not in text


def test_a_cell_without_requests_is_neither_clean_nor_failed() -> None:
    nothing = _one(
        requests=0,
        ok=0,
        failed=0,
        failures={},
        first_failures=(),
        latency_ms=Latency(p50=None, p99=None, max=None),
        timeline=(),
        events=(),
        host_changes=(),
        log="",
        sentence="No request was due.",
    )
    document = Document(to_html(nothing))
    assert "no request ended" in document.text and "No request was due." in document.text
    assert "✓ clean" not in document.text


def test_a_failure_without_a_log_line_says_so() -> None:
    one = cell("firewall-drop", "none", "GET")
    assert "The sidecar logged no line for request" in Document(to_html(replace(experiment(), cells=(one,)))).text


def test_a_policy_without_a_cell_in_a_scenario_leaves_a_dash() -> None:
    uneven = replace(experiment(), cells=(cell("calm", "none", "GET"), cell("own-503", "article", "GET")))
    assert _count_of_dashes(Document(to_html(uneven))) == 2


def _count_of_dashes(document: Document) -> int:
    return sum(attributes.get("class") == "none" for attributes in document.all("span"))


def test_long_tables_are_cut_with_a_word() -> None:
    many = cell("firewall-rst", "article", "GET").events * 20
    assert f"{len(many) - 60} more in the recording." in Document(to_html(_one(events=many))).text


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_colours_have_enough_contrast(scheme: str) -> None:
    colours = _colours(scheme)
    pairs = [(ink, ground) for ink in ("ink", "soft", "link", "bad", "twice", "good") for ground in ("page", "panel")]
    pairs += [("bad", "bad-bg"), ("twice", "twice-bg"), ("good", "good-bg"), ("soft", "bad-bg"), ("soft", "twice-bg")]
    pairs += [("tl-ink", "tl-page"), ("tl-soft", "tl-page"), ("tl-failed", "tl-page"), ("tl-twice", "tl-page")]
    for ink, ground in pairs:
        assert _contrast(colours[ink], colours[ground]) >= 4.5, (scheme, ink, ground)
    for mark in ("tl-ok", "tl-dns", "tl-lb", "tl-firewall", "tl-server"):
        assert _contrast(colours[mark], colours["tl-page"]) >= 3, (scheme, mark)


def _colours(scheme: str) -> dict[str, str]:
    css = "".join(data for tag, data in _document().texts if tag == "style")
    found = re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", css)
    times: dict[str, list[str]] = {}
    for name, colour in found:
        times.setdefault(name.removeprefix("--"), []).append(colour)
    order = ("light", "dark", "print")
    return {name: values[order.index(scheme)] for name, values in times.items()}


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
