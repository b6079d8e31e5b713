"""The rules: every module of `unstale.lint.rules` adds the one that it calls `RULE`.

A module without it or without a docstring is an error that names it, so no rule is left out by accident.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from unstale.lint.rule import Rule

_FOLDER = "unstale.lint.rules"


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by code, in the order of the codes. Raises LookupError for a module that adds none."""
    folder = importlib.import_module(_FOLDER)
    found: dict[str, Rule] = {}
    for module_info in pkgutil.iter_modules(folder.__path__):
        rule = _rule(module_info.name)
        if rule.code in found:
            raise LookupError(f"{rule.name}: code {rule.code} is that of {found[rule.code].name}. Codes are for ever.")
        found[rule.code] = rule
    return dict(sorted(found.items()))


def _rule(name: str) -> Rule:
    module = importlib.import_module(f"{_FOLDER}.{name}")
    page = (module.__doc__ or "").strip()
    rule = getattr(module, "RULE", None)
    if not page or not isinstance(rule, Rule):
        raise LookupError(f"{module.__name__}: every rule has a RULE and a docstring, which is its page.")
    return replace(rule, name=name, page=page)
