"""Draw docs/rotation-sudden.svg: what three policies do when the load balancer moves at once, from a run made now."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from unstale.lab import matrix, runner
from unstale.lab.matrix import Question
from unstale.model.errors import UnstaleError
from unstale.report.progress import Progress
from unstale.report.timeline import standalone

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "rotation-sudden.svg"
QUESTION = Question(
    scenarios=("rotation-sudden",),
    policies=("none", "article", "recommended"),
    methods=("GET",),
    rate=200,
    command="make picture",
)


def main() -> int:
    """3 where this machine cannot run the lab."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            orders = runner.prepare(matrix.plan(QUESTION, Path(scratch)), Path(scratch))
            with Progress(total=len(orders)) as progress:
                cells = runner.run_all(orders, jobs=1, watcher=progress)
    except UnstaleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    PICTURE.write_text(standalone(cells), encoding="utf-8")
    for cell in cells:
        print(f"{cell.policy}: {cell.sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
