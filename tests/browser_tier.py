"""What the browser tests need: Chromium and the library that drives it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from unstale.model.errors import MachineError

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def check() -> None:
    """Raise MachineError, naming what is missing and how to get it, unless a browser can be driven here."""
    if importlib.util.find_spec("playwright") is None:
        raise MachineError("this machine: playwright is not installed. make setup installs it.")
    chromium()


def chromium() -> Path:
    """The system's browser. Raises MachineError."""
    for name in CHROMIUM:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    raise MachineError("this machine: program not found (chromium). Install it with: sudo apt-get install chromium")
