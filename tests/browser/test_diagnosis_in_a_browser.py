"""The page of `unstale diagnose --html` in a real browser: on a desk and on a phone, by day and by night, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from unstale.accesslog.options import Options
from unstale.accesslog.scan import scan
from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.pages import titles
from unstale.report.diagnosis_html import diagnosis_html

pytestmark = pytest.mark.browser

DESK = (1280, 900)
PHONE = (360, 740)
SERIOUS = ("serious", "critical")
TESTS = Path(__file__).parents[1]
LOGS = (
    TESTS / "recordings" / "rotation-sudden" / "none" / "access.log",
    TESTS / "recordings" / "own-503" / "article" / "access.log",
    TESTS / "diagnosis" / "rules" / "stale_keepalive_race" / "fires-gaps-of-five-seconds.log",
    TESTS / "diagnosis" / "rules" / "no_healthy_upstream" / "fires-body-only.log",
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("diagnosis") / "diagnosis.html"
    found = diagnose(scan(list(map(str, LOGS)), Options(workers=1)))
    assert len(found.findings) >= 3
    path.write_text(diagnosis_html(found, titles()), encoding="utf-8")
    return path


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest.fixture
def page(browser: Browser, report: Path, size: tuple[int, int], scheme: str) -> Iterator[Page]:
    """The page, which must neither complain nor fetch anything while the test looks at it."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
    )
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    opened.on("requestfailed", lambda request: complaints.append(f"wanted {request.url}"))
    opened.goto(report.as_uri())
    yield opened
    assert complaints == []
    assert opened.evaluate("performance.getEntriesByType('resource').length") == 0
    context.close()


def test_pictures_are_seen_and_the_page_does_not_scroll_sideways(page: Page, size: tuple[int, int]) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("svg.dg").count() >= 3
    for picture in page.locator("svg.dg").all():
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        assert picture.is_visible() and box is not None and box["width"] >= 720 and box["height"] > 40


def test_text_is_large_enough_to_read(page: Page) -> None:
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('p, li, h3, h4, code')].filter(each => each.offsetParent)
            .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    )
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('svg.dg text')].map(each =>
            parseFloat(getComputedStyle(each).fontSize) * each.ownerSVGElement.getBoundingClientRect().width / 720)"""
    )
    assert sizes and min(sizes) >= 12
    assert drawn and min(drawn) >= 11


def test_axe_finds_nothing_serious(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in SERIOUS] == []
