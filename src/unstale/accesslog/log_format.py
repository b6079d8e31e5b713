"""The user's own log format: given as Envoy's format string, or found in the configuration that sets it.

Istio keeps it in MeshConfig (accessLogFormat, or an extension provider that a Telemetry resource names), which may
stand alone, in an IstioOperator, or as text in the ConfigMap `istio`; Envoy Gateway keeps it in an EnvoyProxy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from unstale.accesslog.json_template import JsonTemplate, json_template
from unstale.accesslog.template import TextFormat, text_format
from unstale.model.errors import InputError

OwnFormat = TextFormat | JsonTemplate


def own_formats(words: str) -> tuple[OwnFormat, ...]:
    """The formats of `--log-format`: a format string (it has a %), or a file that sets one or more.

    Raises InputError where the string is none, or the file is not there, is no YAML, or sets no format.
    """
    if "%" in words:
        return (_format("--log-format", words),)
    path = Path(words)
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--log-format {words}: neither a format string nor a file that can be read ({error}). "
            "Give a string with operators, as %RESPONSE_CODE%, or a file with a MeshConfig or EnvoyProxy."
        ) from error
    found = tuple(_format(f"{path.name}: {place}", value) for place, value in _settings(text, str(path)))
    if not found:
        raise InputError(
            f"{path}: sets no access log format. Give a file with accessLogFormat, a provider with logFormat "
            "(a Telemetry resource only names the provider, which is in the MeshConfig), or an EnvoyProxy."
        )
    return found


def _format(name: str, value: object) -> OwnFormat:
    if isinstance(value, Mapping):
        return json_template(name, value)
    text = str(value)
    if text.lstrip().startswith("{"):
        try:
            return json_template(name, json.loads(text))
        except ValueError:
            pass
    return text_format(name, text)


def _settings(text: str, name: str) -> Iterator[tuple[str, object]]:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise InputError(
            f"{name}: not YAML ({str(error).splitlines()[0]}). Give a MeshConfig or EnvoyProxy."
        ) from error
    for document in documents:
        yield from _found(document, name)


def _found(node: Any, name: str) -> Iterator[tuple[str, object]]:
    """Every format below a node, and the field that sets it."""
    if isinstance(node, list):
        for item in node:
            yield from _found(item, name)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "accessLogFormat" and isinstance(value, str) and value.strip():
            yield key, value
        elif key in ("logFormat", "format") and isinstance(value, dict):
            yield from _of_provider(key, value)
        elif key == "mesh" and isinstance(value, str):
            yield from _settings(value, f"{name}: mesh")
        else:
            yield from _found(value, name)


def _of_provider(key: str, value: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """`text` and `labels` of an Istio provider, `text` and `json` of an EnvoyProxy."""
    if isinstance(value.get("text"), str):
        yield f"{key}.text", value["text"]
    for name in ("labels", "json"):
        if isinstance(value.get(name), dict) and value[name]:
            yield f"{key}.{name}", value[name]
