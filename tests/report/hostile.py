"""An experiment in which every text tries to break out: of HTML, of an attribute, of SVG, of a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from unstale.model.experiment import Experiment

TEXT = "\x1b[31m\x00</style></title>\"'><script>alert(1)</script><img src=x onerror=alert(1)>[bold]{{ 7*7 }}&lt;\u202e"


def poisoned(value: Any, text: str = TEXT) -> Any:
    """The same value with `text` behind each text in it, keys included."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return value + text
    if isinstance(value, Mapping):
        return {poisoned(key, text): poisoned(entry, text) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(poisoned(entry, text) for entry in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{field.name: poisoned(getattr(value, field.name), text) for field in fields(value)})
    return value


def experiment(clean: Experiment) -> Experiment:
    """The experiment, poisoned, with a list and an object among its parameters."""
    parameters = {**clean.parameters, "files": ["a.yaml"], "nested": {"a": ["b"]}}
    fresh = {field.name: getattr(clean, field.name) for field in fields(clean)} | {"parameters": parameters}
    poisoned_one: Experiment = poisoned(Experiment(**fresh))
    return poisoned_one
