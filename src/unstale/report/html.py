"""An experiment as one HTML file that opens offline: no script, nothing loaded from elsewhere.

Everything that was measured is text in the file or a picture drawn in it. Every text is escaped, since log lines carry
what strangers sent.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from unstale.model.experiment import Experiment
from unstale.report import table, timeline
from unstale.report.html_view import Page


def to_html(experiment: Experiment) -> str:
    """The report as a whole HTML document."""
    return _template().render(page=Page.of(experiment), css=_css(), signs=table.SIGNS)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("unstale.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    environment.filters.update(count=table.count, ms=table.ms, seconds=table.seconds)
    return environment.get_template("report.html.j2")


def _shown(value: object) -> object:
    return table.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _css() -> str:
    return files("unstale.report").joinpath("report.css").read_text(encoding="utf-8") + timeline.style()
