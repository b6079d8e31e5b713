"""The formats that are known: every module of `formats` adds one, by its constant FORMAT."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

from unstale.accesslog import formats
from unstale.accesslog.application import ApplicationFormat
from unstale.accesslog.json_format import JsonFormat
from unstale.accesslog.template import TextFormat

# The style is told by its rarest key: an Envoy Gateway line holds the keys of Istio's too.
_JSON_ORDER = ("short_json", "camel_case_json", "envoy_gateway_json", "istio_json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The formats by kind. `json` is in the order in which their marks are to be looked for."""

    text: tuple[TextFormat, ...]
    json: tuple[JsonFormat, ...]
    application: tuple[ApplicationFormat, ...]


@cache
def catalogue() -> Catalogue:
    """All formats of the folder.

    Raises LookupError naming a module that has no FORMAT or no docstring.
    """
    found = {name: _format(name) for name in sorted(info.name for info in pkgutil.iter_modules(formats.__path__))}
    texts = [each for each in found.values() if isinstance(each, TextFormat)]
    applications = [each for each in found.values() if isinstance(each, ApplicationFormat)]
    marked = sorted(
        (name for name, each in found.items() if isinstance(each, JsonFormat)),
        key=lambda name: (_JSON_ORDER.index(name) if name in _JSON_ORDER else -1, name),
    )
    return Catalogue(
        text=tuple(texts),
        json=tuple(each for name in marked if isinstance(each := found[name], JsonFormat)),
        application=tuple(sorted(applications, key=lambda each: (each.kind != "envoy-body", each.name))),
    )


def _format(name: str) -> TextFormat | JsonFormat | ApplicationFormat:
    module = importlib.import_module(f"{formats.__name__}.{name}")
    if not (module.__doc__ or "").strip():
        raise LookupError(f"{module.__name__}: no docstring. Every format explains itself.")
    found = getattr(module, "FORMAT", None)
    if not isinstance(found, TextFormat | JsonFormat | ApplicationFormat):
        raise LookupError(f"{module.__name__}: no FORMAT. Every module of {formats.__name__} defines one.")
    return found
