"""The HTML report in a real browser: nothing breaks, everything is seen, on a desk and on a phone, by day and by night.

Chromium is the system's own; the report is opened from a file with the network off, as a reader opens it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_report import experiment
from playwright.sync_api import Browser, Page

from unstale.report.html import to_html

pytestmark = pytest.mark.browser

DESK = (1280, 900)
PHONE = (360, 740)
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(to_html(experiment()), encoding="utf-8")
    return path


def _opened(browser: Browser, report: Path, size: tuple[int, int], scheme: str = "light") -> tuple[Page, list[str]]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("requestfailed", lambda request: complaints.append(f"wanted {request.url}"))
    page.goto(report.as_uri())
    return page, complaints


def test_nothing_is_complained_of_and_nothing_is_fetched(browser: Browser, report: Path) -> None:
    page, complaints = _opened(browser, report, DESK)
    assert complaints == []
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    page.context.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_matrix_and_timelines_are_visible_and_the_page_does_not_scroll_sideways(
    browser: Browser, report: Path, size: tuple[int, int], scheme: str
) -> None:
    page, complaints = _opened(browser, report, size, scheme)
    assert page.locator(".matrix").is_visible()
    shown = page.locator(".tl-wide svg" if size == DESK else ".tl-narrow svg").first
    shown.scroll_into_view_if_needed()
    box = shown.bounding_box()
    assert shown.is_visible() and box is not None and box["width"] > 250 and box["height"] > 80
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert complaints == []
    page.context.close()


def test_an_entry_of_the_matrix_leads_to_its_cell(browser: Browser, report: Path) -> None:
    page, _ = _opened(browser, report, DESK)
    entry = page.locator("a.entry.failed").first
    target = entry.get_attribute("href")
    assert target
    entry.click()
    assert page.url.endswith(target)
    article = page.locator(target)
    assert article.is_visible()
    top = article.evaluate("element => element.getBoundingClientRect().top")
    assert 0 <= top < DESK[1]
    page.context.close()


def test_only_what_failed_can_be_shown(browser: Browser, report: Path) -> None:
    page, _ = _opened(browser, report, DESK)
    before = page.locator("article.cell:visible").count()
    page.locator("#only-unclean").check()
    after = page.locator("article.cell:visible").count()
    assert 0 < after < before
    page.context.close()


def test_details_open_to_the_raw_lines_the_histogram_and_the_marked_manifests(browser: Browser, report: Path) -> None:
    page, _ = _opened(browser, report, DESK)
    for summary in ("First failures, as the sidecar logged them", "Latencies of the requests that ended well, ms"):
        page.get_by_text(summary).first.click()
    assert page.locator(".lines code").first.is_visible()
    assert page.locator("svg.hist").first.is_visible()
    assert page.locator("#manifests mark").count() > 1
    page.context.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_serious(browser: Browser, report: Path, size: tuple[int, int], scheme: str) -> None:
    page, _ = _opened(browser, report, size, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page).response["violations"]
    grave = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in SERIOUS]
    assert grave == []
    page.context.close()


def test_text_on_a_phone_is_large_enough_to_read(browser: Browser, report: Path) -> None:
    page, _ = _opened(browser, report, PHONE)
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('.sentence, .about, .entry, .numbers dd')]
            .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    )
    assert sizes and min(sizes) >= 12
    page.context.close()
