#!/usr/bin/env python3
"""Write `src/unstale/envoy/envoy_filter/envoy_api.tsv`: the fields of Envoy's messages, from the message classes.

    .venv/bin/python scripts/envoy_api.py

The classes are those of the wheel xds-protos. A row is a message and its fields, or `=` and an enum and its values;
`unstale.envoy.envoy_filter.api` reads it and explains the signs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import udpa
import xds

import envoy

TABLE = Path(__file__).parent.parent / "src/unstale/envoy/envoy_filter/envoy_api.tsv"
ROOTS = (
    "envoy.config.cluster.v3.Cluster",
    "envoy.config.listener.v3.Listener",
    "envoy.config.route.v3.RouteConfiguration",
    "udpa.type.v1.TypedStruct",
    "xds.type.v3.TypedStruct",
)
LEFT_OUT = (
    "envoy.extensions.bootstrap",
    "envoy.extensions.filters.udp",
    "envoy.extensions.geoip",
    "envoy.extensions.quic",
    "envoy.extensions.resource_monitors",
    "envoy.extensions.stat_sinks",
    "envoy.extensions.udp",
    "envoy.extensions.watchdog",
)
FOREIGN = ("google.api", "opencensus")
# What Envoy 1.40 knows and these classes do not yet.
NEWER = {"envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget": ("budget_interval:D",)}
SCALARS = "ffIIiIibs__BiEiIiI"
"""By the number of the protobuf type less 1: float, 64 and 32 bit integer, bool, string, Bytes, Enum."""
WELL_KNOWN = {
    "Duration": "D", "Timestamp": "T", "Struct": "S", "Value": "V", "Any": "A", "ListValue": "L", "FieldMask": "K",
    "BoolValue": "wb", "UInt32Value": "wi", "Int32Value": "wi", "UInt64Value": "wI", "Int64Value": "wI",
    "DoubleValue": "wf", "FloatValue": "wf", "StringValue": "ws", "BytesValue": "wB",
}  # fmt: skip
ENUM, MESSAGE = 14, 11


def main() -> None:
    """Write the table."""
    messages: dict[str, Any] = {}
    enums: dict[str, Any] = {}
    top = {name: descriptor for name, descriptor in top_level() if name in ROOTS or is_extension(name)}
    for descriptor in top.values():
        reach(descriptor, messages, enums)
    rows = ["\t".join([name, *map(field, one.fields), *NEWER.get(name, ())]) for name, one in sorted(messages.items())]
    rows += ["\t".join(["=" + name, *values(one)]) for name, one in sorted(enums.items())]
    TABLE.write_text("\n".join(row.replace("envoy.", "~") for row in rows) + "\n")


def top_level() -> Iterator[tuple[str, Any]]:
    for package in (envoy, udpa, xds):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("_pb2"):
                file = importlib.import_module(module.name).DESCRIPTOR
                yield from ((one.full_name, one) for one in file.message_types_by_name.values())


def is_extension(name: str) -> bool:
    return name.startswith("envoy.extensions.") and ".v3" in name and not name.startswith(LEFT_OUT)


def reach(message: Any, messages: dict[str, Any], enums: dict[str, Any]) -> None:
    name = message.full_name
    if name in messages or name.startswith(("google.protobuf", *FOREIGN)):
        return
    if not message.GetOptions().map_entry:
        messages[name] = message
    for one in message.fields:
        if one.type == ENUM:
            enums[one.enum_type.full_name] = one.enum_type
        elif one.type == MESSAGE:
            reach(one.message_type, messages, enums)


def field(one: Any) -> str:
    if one.is_repeated and one.type == MESSAGE and one.message_type.GetOptions().map_entry:
        return f"{one.name}:%{sign(one.message_type.fields_by_name['value'])}"
    group = one.containing_oneof
    suffix = "" if group is None else f"@{group.index}"
    return f"{one.name}:{'*' if one.is_repeated else ''}{sign(one)}{suffix}"


def sign(one: Any) -> str:
    if one.type == ENUM:
        return f"E{one.enum_type.full_name}"
    if one.type != MESSAGE:
        return SCALARS[one.type - 1]
    name = str(one.message_type.full_name)
    if name.startswith("google.protobuf."):
        return WELL_KNOWN.get(name.rpartition(".")[2], "m" + name)
    return "O" if name.startswith(FOREIGN) else f"m{name}"


def values(enum: Any) -> Iterator[str]:
    for place, value in enumerate(enum.values):
        yield value.name if value.number == place else f"{value.name}:{value.number}"


if __name__ == "__main__":
    main()
