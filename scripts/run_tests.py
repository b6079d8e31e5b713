"""Run every tier of tests that this machine can run, and fail if one that it can run was skipped.

Fast tests run everywhere. Lab tests need user namespaces, nftables and Envoy: where those are there, a skipped lab
test is a failure; where they are not, the tier is left out and what is missing is named.
"""

from __future__ import annotations

import subprocess
import sys

from unstale.lab import machine
from unstale.model.errors import MachineError


def main() -> int:
    """The exit code of the whole run."""
    try:
        machine.check()
    except MachineError as error:
        print(f"lab tests left out: {error}", file=sys.stderr)
        return _pytest("-m", "not lab")
    return _pytest("--lab-required")


def _pytest(*options: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *options, *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
