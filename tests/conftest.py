"""What all tests share: the tiers, and the browser of those that need one.

A lab test is skipped where the machine cannot run the lab, a browser test where there is no browser; with
`--lab-required` and `--browser-required` a skipped one fails the run.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

import pytest

import browser_tier
from unstale.lab import machine
from unstale.model.errors import MachineError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TIERS: dict[str, Callable[[], None]] = {"lab": machine.check, "browser": browser_tier.check}
"""Marker of a tier -> what raises MachineError in words where this machine cannot run it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    for tier in TIERS:
        parser.addoption(f"--{tier}-required", action="store_true", help=f"fail if a {tier} test is skipped")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for tier, check in TIERS.items():
        mine = [item for item in items if item.get_closest_marker(tier)]
        if config.getoption(f"--{tier}-required") or not mine:
            continue
        try:
            check()
        except MachineError as error:
            for item in mine:
                item.add_marker(pytest.mark.skip(reason=str(error)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for tier in TIERS:
        if item.config.getoption(f"--{tier}-required") and item.get_closest_marker(tier) and report.skipped:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: a {tier} test was skipped on a machine that can run it"
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=str(browser_tier.chromium()), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)
