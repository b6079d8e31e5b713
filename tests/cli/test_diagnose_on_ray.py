"""`unstale diagnose --on`: the same answer as on this machine alone, and what cannot be is told in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unstale.accesslog import job
from unstale.cli.diagnose import COMMAND
from unstale.model.errors import InputError

LOG = Path(__file__).resolve().parents[1] / "recordings" / "rotation-sudden" / "none" / "access.log"


def run(*arguments: str, stdin: str | None = None) -> Result:
    """The command with these arguments."""
    return CliRunner().invoke(COMMAND, [*arguments, "-q", "-o", "json"], input=stdin, standalone_mode=False)


@pytest.mark.lab
def test_the_same_answer_on_a_local_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs ray (pip install 'unstale[ray]')")
    monkeypatch.setattr(job, "RANGE_BYTES", 1 << 18)
    log = tmp_path / "access.log"
    log.write_text(LOG.read_text() * 40)
    here, there = run(str(log)), run(str(log), "--on", "ray")
    assert there.exception is None
    assert (there.return_value, there.output) == (here.return_value, here.output)
    assert json.loads(there.output)["lines"]["rows"] == 40 * len(LOG.read_text().splitlines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((str(LOG), "--on", "spark"), r"--on spark: no place to run\. Write ray"),
        ((str(LOG), "--on", "http://head:10001"), "no place to run"),
        (("-", "--on", "ray"), r"-: standard input cannot be read by other machines"),
    ],
)
def test_what_cannot_be_is_told(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments, stdin="")
    assert isinstance(result.exception, InputError)
    with pytest.raises(InputError, match=message):
        raise result.exception
