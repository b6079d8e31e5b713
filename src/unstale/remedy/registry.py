"""The remedies: every module of `unstale.remedy.remedies` adds the one that it calls `REMEDY`.

A module without it or without a docstring is an error that names it, so no remedy is left out by accident.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from unstale.remedy.facts import HostFacts
from unstale.remedy.remedy import Remedy

_FOLDER = "unstale.remedy.remedies"


@cache
def remedies() -> Mapping[str, Remedy]:
    """All remedies by name. Raises LookupError for a module that adds none."""
    folder = importlib.import_module(_FOLDER)
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    return {remedy.name: remedy for remedy in map(_remedy, names)}


def remedy_for(code: str, known: HostFacts) -> Remedy | None:
    """The remedy of a pitfall for what the user told; None where there is none."""
    return next((one for one in _by_code().get(code, ()) if one.when is None or one.when(known)), None)


@cache
def _by_code() -> Mapping[str, tuple[Remedy, ...]]:
    """The remedies of each pitfall, those with a condition first. Raises LookupError where two would always do."""
    found: dict[str, tuple[Remedy, ...]] = {}
    for remedy in sorted(remedies().values(), key=lambda one: one.when is None):
        for code in remedy.codes:
            others = found.get(code, ())
            if remedy.when is None and others and others[-1].when is None:
                raise LookupError(f"{remedy.name}: {code} is that of {others[-1].name}. One remedy a pitfall.")
            found[code] = (*others, remedy)
    return found


def _remedy(name: str) -> Remedy:
    module = importlib.import_module(f"{_FOLDER}.{name}")
    page = (module.__doc__ or "").strip()
    remedy = getattr(module, "REMEDY", None)
    if not page or not isinstance(remedy, Remedy):
        raise LookupError(f"{module.__name__}: every remedy has a REMEDY and a docstring, which is its page.")
    return replace(remedy, name=name.replace("_", "-"), page=page)
