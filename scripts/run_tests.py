"""Run every tier of tests that this machine can run, and fail if one that it can run was skipped.

Fast tests run everywhere. Lab tests need user namespaces, nftables and Envoy, browser tests Chromium: where those are
there, a skipped test is a failure; where they are not, the tier is left out and what is missing is named.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from conftest import TIERS
from unstale.model.errors import MachineError


def main() -> int:
    """The exit code of the whole run."""
    required, left_out = [], []
    for tier, check in TIERS.items():
        try:
            check()
        except MachineError as error:
            print(f"{tier} tests left out: {error}", file=sys.stderr)
            left_out.append(f"not {tier}")
        else:
            required.append(f"--{tier}-required")
    selection = ["-m", " and ".join(left_out)] if left_out else []
    return _pytest(*required, *selection)


def _pytest(*options: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *options, *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
