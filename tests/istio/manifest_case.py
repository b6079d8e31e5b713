"""Cases as files: `bad-*.yaml` must fail and `good-*.yaml` must load, with the messages in the `.txt` beside it.

Run as a program, it writes the `.txt` files anew; read them before they are committed. A first line `# istio: 1.28`
chooses the release.
"""

from __future__ import annotations

import re
from pathlib import Path

from unstale.istio.load import load
from unstale.istio.schema import NEWEST
from unstale.istio.source import Source
from unstale.model.errors import ManifestError

CASES = Path(__file__).parent / "cases"
PATHS = sorted(CASES.glob("*/*.yaml"))


def outcome(path: Path) -> tuple[bool, str]:
    """Whether the file loads, and what is told about it, one message a line."""
    text = path.read_bytes().decode()
    release = re.match(r"# istio: (\S+)", text)
    try:
        manifests = load([Source(name=path.name, text=text)], istio=release[1] if release else NEWEST)
    except ManifestError as error:
        return False, f"{error}\n"
    return True, "".join(f"{warning}\n" for warning in manifests.warnings)


def expected(path: Path) -> str:
    """The messages written beside a case; a good one without any has no file."""
    golden = path.with_suffix(".txt")
    return golden.read_text(encoding="utf-8") if golden.exists() else ""


def rewrite() -> None:
    """Write what is told now beside each case, and remove what belongs to none."""
    for golden in CASES.glob("*/*.txt"):
        golden.unlink()
    for path in PATHS:
        _, told = outcome(path)
        if told:
            path.with_suffix(".txt").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
