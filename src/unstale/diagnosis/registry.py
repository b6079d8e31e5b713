"""The rules and the clues: a folder is its own registry, and what is incomplete is named, never left out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from unstale.diagnosis.case import Case
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Sighting
from unstale.diagnosis.rule import Rule

See = Callable[[Case], Iterator[Sighting]]


@cache
def rules() -> Mapping[Cause, Rule]:
    """The rule of every cause. Raises LookupError for a cause without a rule, or a file that does not fit its name."""
    found: dict[Cause, Rule] = {}
    for name, module in _modules("unstale.diagnosis.rules", "RULE"):
        rule = replace(module.RULE, page=module.__doc__.strip())
        if rule.cause != name:
            raise LookupError(f"{module.__name__}: its RULE is of {rule.cause}. A file is named for its cause.")
        found[rule.cause] = rule
    missing = [cause for cause in Cause if cause not in found]
    if missing:
        raise LookupError(f"unstale.diagnosis.rules: no rule for {', '.join(missing)}. One file a cause.")
    return {cause: found[cause] for cause in Cause}


@cache
def sights() -> tuple[See, ...]:
    """What makes the clues, one function a file."""
    return tuple(module.SEE for _, module in _modules("unstale.diagnosis.clues", "SEE"))


def _modules(package: str, constant: str) -> Iterator[tuple[str, Any]]:
    folder = importlib.import_module(package)
    for info in pkgutil.iter_modules(folder.__path__):
        module: Any = importlib.import_module(f"{package}.{info.name}")
        if not (module.__doc__ or "").strip() or not hasattr(module, constant):
            raise LookupError(f"{module.__name__}: no docstring or no {constant}. Every file of {package} has both.")
        yield info.name, module
