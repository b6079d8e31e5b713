"""The compiled scanner, where it was built and is wanted."""

from __future__ import annotations

import importlib
import os
from types import ModuleType


def compiled(is_pure: bool = False) -> ModuleType | None:
    """The extension, or None: not built, left out by `is_pure`, or by UNSTALE_PURE=1 in the environment."""
    if is_pure or os.environ.get("UNSTALE_PURE", "") not in ("", "0"):
        return None
    try:
        return importlib.import_module("unstale.accesslog._rows")
    except ImportError:
        return None
