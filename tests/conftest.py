"""What all tests share: the tiers.

A lab test is skipped where the machine cannot run it; with `--lab-required` a skipped one fails the run.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from unstale.lab import machine
from unstale.model.errors import MachineError


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab-required", action="store_true", help="fail if a lab test is skipped")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--lab-required") or not any(item.get_closest_marker("lab") for item in items):
        return
    try:
        machine.check()
    except MachineError as error:
        skip = pytest.mark.skip(reason=str(error))
        for item in items:
            if item.get_closest_marker("lab"):
                item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.config.getoption("--lab-required") and item.get_closest_marker("lab") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a lab test was skipped on a machine that can run it"
    return report
