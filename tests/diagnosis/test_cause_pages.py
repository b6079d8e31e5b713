"""docs/causes is what the rules say, and `unstale explain` knows every name."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from unstale.cli.explain import COMMAND
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.glossary import detail_entry, details, flag_entry, flags
from unstale.diagnosis.pages import index, markdown
from unstale.model.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def test_the_written_pages_are_those_of_the_rules() -> None:
    folder = ROOT / "docs" / "causes"
    wanted = {"README.md": index(), **{f"{cause.value}.md": markdown(cause) for cause in Cause}}
    assert {path.name: path.read_text("utf-8") for path in folder.glob("*.md")} == wanted


def test_the_script_that_checks_them_agrees() -> None:
    spec = importlib.util.spec_from_file_location("write_cause_pages", ROOT / "scripts" / "write_cause_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.main(["--check"]) == 0


def explained(word: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(COMMAND, [word], standalone_mode=False, catch_exceptions=False)
    assert result.return_value == 0
    return result.output


@pytest.mark.parametrize("flag", sorted(flags()))
def test_every_flag_is_explained(flag: str) -> None:
    assert flags()[flag][0] in explained(flag)


@pytest.mark.parametrize("detail", sorted(details()))
def test_every_detail_is_explained(detail: str) -> None:
    entry = detail_entry(detail)
    assert entry is not None
    assert entry.meaning == details()[detail]


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_is_explained(cause: Cause) -> None:
    assert "What to do" in explained(cause.value)


def test_a_lint_code_is_explained_by_its_page() -> None:
    assert explained("uns301").startswith("UNS301")


def test_a_detail_with_braces_is_told_part_by_part() -> None:
    told = explained("upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}")
    assert "111 is refused" in told
    assert "connect_refused" in told


def test_the_order_of_flags_does_not_matter() -> None:
    first, second = flag_entry("UF,URX"), flag_entry("urx, uf")
    assert first is not None and second is not None
    assert first.causes == second.causes


def test_as_json_the_shares_add_up() -> None:
    result = CliRunner().invoke(COMMAND, ["UC", "-o", "json"], standalone_mode=False)
    told = json.loads(result.output)
    assert told["kind"] == "flag"
    assert 0.9 < sum(one["share"] for one in told["causes"]) <= 1.01


def test_what_is_unknown_is_refused_with_what_is_near() -> None:
    result = CliRunner().invoke(COMMAND, ["no_healthy_upstrem"], standalone_mode=False)
    assert isinstance(result.exception, InputError)
    assert "no_healthy_upstream" in str(result.exception)
    result = CliRunner().invoke(COMMAND, ["UNS999"], standalone_mode=False)
    assert isinstance(result.exception, InputError)
