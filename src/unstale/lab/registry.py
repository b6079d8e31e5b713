"""A folder is its own registry: every module of it adds one capability under one constant.

A module without the constant, or without a docstring, is an error that names it, so nothing is left out by accident.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any


@cache
def members(package: str, constant: str) -> dict[str, Any]:
    """Module name (with dashes) -> its `constant`, for all modules of `package`, in alphabetical order.

    Raises LookupError naming the module that lacks the constant or a docstring.
    """
    found = {}
    folder = importlib.import_module(package)
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package}.{module_info.name}")
        if not (module.__doc__ or "").strip():
            raise LookupError(f"{module.__name__}: no docstring. Every capability explains itself.")
        if not hasattr(module, constant):
            raise LookupError(f"{module.__name__}: no {constant}. Every module of {package} defines one.")
        found[module_info.name.replace("_", "-")] = getattr(module, constant)
    return found


def paragraph(package: str, name: str) -> str:
    """The docstring of the module that adds `name`: its page."""
    module = importlib.import_module(f"{package}.{name.replace('-', '_')}")
    return (module.__doc__ or "").strip()
