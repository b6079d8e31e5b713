"""Merging as protobuf does it, on messages in their JSON form (EF-2, EF-3).

A plain recursive merge of dicts is wrong in five ways: zeros of protobuf say nothing and so overwrite nothing, lists
grow at their end, an entry of a map is replaced and not merged, so are Durations and Anys, and of the members of a
oneof only the last one set stays.
"""

from __future__ import annotations

from typing import Any

from unstale.envoy.envoy_filter.api import Field, Kind, MessageType, message_type, type_of
from unstale.envoy.envoy_filter.json_form import is_zero
from unstale.envoy.resource import Json


class TypesDifferError(ValueError):
    """The two Anys hold messages of different types; the text names both."""


def merged(old: Json, new: Json, message: MessageType, *, replaces_lists: bool = False) -> Json:
    """`old` with what `new` sets; `new` is in the form that `json_form` gives, neither is changed."""
    result = dict(old)
    for name, value in new.items():
        field = message.fields[name]
        if field.one_of is not None:
            _drive_out(result, field, message)
        result[name] = _field(result.get(name), value, field, replaces_lists)
    return result


def merged_any(old: Json, new: Json) -> Json:
    """The message in one Any with what that in the other sets; raises TypesDifferError."""
    was, wanted = old.get("@type", ""), new.get("@type", "")
    if was.rpartition("/")[2] != wanted.rpartition("/")[2]:
        raise TypesDifferError(f"{wanted} cannot be merged into {was}")
    message = type_of(old)
    content = {name: value for name, value in new.items() if name != "@type"}
    return {**old, **content} if message is None else merged(old, content, message)


def _drive_out(result: Json, field: Field, message: MessageType) -> None:
    for other in message.fields.values():
        if other.one_of == field.one_of and other.name != field.name:
            result.pop(other.name, None)


def _field(old: Any, new: Any, field: Field, replaces_lists: bool) -> Any:
    if field.is_list:
        return list(new) if replaces_lists or old is None else [*old, *new]
    if field.is_map or field.kind is Kind.STRUCT:
        return {**(old or {}), **new}
    if old is None:
        return new
    if field.is_wrapper:
        return old if is_zero(new, field) else new
    if field.kind is Kind.LIST_VALUE:
        return [*old, *new]
    if field.kind is Kind.ANY and set(new) <= {"@type"}:
        return {**old, **new}
    inner = message_type(field.type_name) if field.kind is Kind.MESSAGE else None
    if inner is not None:
        return merged(old, new, inner, replaces_lists=replaces_lists)
    return new
