"""`unstale explain`: what a response flag, a response code detail, a cause or a lint code means."""

from __future__ import annotations

import difflib
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

import click

from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.diagnosis.glossary import Entry

_CODE = re.compile(r"UNS\d{3}\Z", re.IGNORECASE)
_WIDTH = 100


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _known() if name.lower().startswith(incomplete.lower())]


@click.command("explain")
@click.argument("word", shell_complete=_complete)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
def explain(word: str, output: str) -> int:
    """Explain WORD: a flag (UC), a detail (no_healthy_upstream), a cause (lb_ip_changed) or a lint code (UNS301).

    Exit codes: 0 explained, 2 nothing of that name is known.
    """
    told = _told(word.strip())
    click.echo(json.dumps(told, indent=1) if output == "json" else _text(told), nl=output == "json")
    return 0


def _told(word: str) -> dict[str, Any]:
    from unstale.diagnosis.cause import Cause
    from unstale.diagnosis.glossary import detail_entry, flag_entry
    from unstale.diagnosis.pages import page

    if word.lower().replace("-", "_") in list(Cause):
        cause = Cause(word.lower().replace("-", "_"))
        return {"kind": "cause", "name": cause.value, "page": page(cause)}
    if _CODE.match(word):
        return _lint(word.upper())
    flag, detail = flag_entry(word), detail_entry(word)
    if flag is not None:
        return {"kind": "flag", **_entry(flag)}
    if detail is not None:
        return {"kind": "detail", **_entry(detail)}
    near = difflib.get_close_matches(word, _known(), 3, 0.5)
    also = f" Near it: {', '.join(near)}." if near else ""
    raise InputError(
        f"explain: nothing of that name is known ({word}). Give a response flag, a detail, a cause or a code.{also}"
    )


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "meaning": entry.meaning,
        "parts": [{"name": name, "meaning": meaning} for name, meaning in entry.parts],
        "causes": [{"cause": cause.value, "share": round(share, 3)} for cause, share in entry.causes],
    }


def _lint(code: str) -> dict[str, Any]:
    from unstale.lint.registry import rules

    rule = rules().get(code)
    if rule is None:
        near = difflib.get_close_matches(code, rules(), 3, 0.5)
        raise InputError(f"explain: there is no lint code {code}. Near it: {', '.join(near)}.")
    return {"kind": "lint", "name": code, "page": rule.page}


def _known() -> list[str]:
    from unstale.diagnosis.cause import Cause
    from unstale.diagnosis.glossary import details, flags
    from unstale.lint.registry import rules

    return [*flags(), *details(), *(cause.value for cause in Cause), *rules()]


def _text(told: dict[str, Any]) -> str:
    if "page" in told:
        head, _, rest = told["page"].partition("\n")
        code = "" if head.startswith(told["name"]) else f"{told['name']}  "
        return f"{click.style(f'{code}{head}', bold=True)}\n{rest.rstrip()}\n"
    lines = [f"{click.style(told['name'], bold=True)}  {told['title']}"]
    lines += textwrap.wrap(told["meaning"], _WIDTH, initial_indent="  ", subsequent_indent="  ")
    for part in told["parts"]:
        lines += textwrap.wrap(
            f"{part['name']}: {part['meaning']}", _WIDTH, initial_indent="  - ", subsequent_indent="    "
        )
    if told["causes"]:
        lines += ["", "  Behind it, when nothing else is known:"]
        lines += [f"    {100 * one['share']:3.0f} %  {one['cause']}" for one in told["causes"]]
        lines += ["", "  More: unstale explain " + told["causes"][0]["cause"]]
    return "\n".join(lines) + "\n"


COMMAND = explain
