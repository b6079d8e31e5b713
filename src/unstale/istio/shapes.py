"""How each field of a schema becomes an attribute of a typed message.

The schema says what may be written, the classes say what comes out; both are put together once for each kind and
release, so that reading a document asks no further questions.
"""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from unstale.istio.duration import Duration
from unstale.istio.message import Message
from unstale.istio.metadata import Metadata
from unstale.istio.resource import CLASSES
from unstale.istio.schema import Field
from unstale.istio.schema import schema as crd_schema
from unstale.istio.service_entry import WorkloadEntry
from unstale.istio.workload import WorkloadEntryResource

_SCALARS = {bool: "boolean", int: "integer", float: "number"}
_RANGES = {int: (-(1 << 31), (1 << 32) - 1)}
_UNREAD = (
    *("generateName", "selfLink", "uid", "resourceVersion", "generation", "deletionTimestamp"),
    *("deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields"),
)


@dataclass(slots=True, kw_only=True)
class Shape:
    """A field of the schema, and what to make of it.

    `message` is the class of an object, `convert` what makes an enum, a Duration or bytes of a text, `inner` the one
    field of an object that stands for the whole (the number of a PortSelector). `is_text` says that any text will do,
    `needs` are the attributes of the required fields, `kept` the values of plain texts that were read before: of ten
    thousand manifests most numbers, times and enums are the same few.
    """

    schema: Field
    attribute: str
    message: type[Message] | None = None
    fields: dict[str, Shape] = field(default_factory=dict)
    entry: Shape | None = None
    convert: type[StrEnum | Duration | bytes] | None = None
    inner: Shape | None = None
    is_text: bool = False
    needs: frozenset[str] = frozenset()
    kept: dict[str, object] = field(default_factory=dict)


def json_name(attribute: str) -> str:
    """Istio's JSON name of an attribute, by protobuf's rule: `per_try_timeout` is `perTryTimeout`."""
    first, *rest = attribute.rstrip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


@lru_cache(maxsize=64)
def spec_shape(kind: str, istio: str) -> Shape:
    """The `spec` of a kind as an Istio release knows it."""
    made = CLASSES[kind]
    return _object(crd_schema(kind, istio), "spec", WorkloadEntry if made is WorkloadEntryResource else made)


@lru_cache(maxsize=8)
def message_shape(message: type[Message], name: str) -> Shape:
    """A message that no CRD describes: its fields are the attributes of its class, and what `UNREAD` names."""
    return _object(_field_of(message, name), "", message)


@lru_cache(maxsize=1)
def metadata_shape() -> Shape:
    """Kubernetes' object metadata; what Istio does not look at is allowed and not read."""
    text = {name: Field(name=name, type="string") for name in ("name", "namespace")}
    stamp = Field(name="creationTimestamp", type="string", nullable=True)
    maps = {
        name: Field(
            name=name,
            type="map",
            nullable=True,
            entry=Field(name=f"value in {name}", type="string"),
        )
        for name in ("labels", "annotations")
    }
    unread = {name: Field(name=name, type="any") for name in _UNREAD}
    known = {**text, **maps, stamp.name: stamp, **unread}
    return _object(Field(name="metadata", type="object", fields=known), "metadata", Metadata)


def hints(message: type[Message]) -> dict[str, tuple[str, Any]]:
    """Attribute and type by JSON name, without what all messages have.

    Annotations are read in their module alone: attributes such as HTTPBody.bytes hide the type of that name.
    """
    written = types.SimpleNamespace(__annotations__=message.__annotations__)
    named = get_type_hints(written, vars(sys.modules[message.__module__]), {}, include_extras=True)
    return {json_name(attribute): (attribute, hint) for attribute, hint in named.items()}


def _object(made_from: Field, attribute: str, message: type[Message]) -> Shape:
    shape = Shape(schema=made_from, attribute=attribute, message=message)
    known = hints(message)
    for name, child in made_from.fields.items():
        if child.type == "any":
            shape.fields[name] = Shape(schema=child, attribute=name)
            continue
        inner_attribute, hint = known[name] if name in known else known[json_name(name)]
        shape.fields[name] = _shape(child, inner_attribute, hint)
    shape.needs = frozenset(shape.fields[name].attribute for name in made_from.required)
    return shape


def _shape(made_from: Field, attribute: str, hint: Any) -> Shape:
    hint = _bare(hint)
    if made_from.entry is not None:
        entry = _shape(made_from.entry, attribute, get_args(hint)[-1 if made_from.type == "map" else 0])
        return Shape(schema=made_from, attribute=attribute, entry=entry)
    if get_origin(hint) is Annotated:
        name = get_args(hint)[1]
        inner = Shape(schema=made_from.fields[name], attribute=attribute)
        needs = frozenset([attribute] if name in made_from.required else [])
        return Shape(schema=made_from, attribute=attribute, inner=inner, fields={name: inner}, needs=needs)
    if isinstance(hint, type) and issubclass(hint, Message):
        return _object(made_from, attribute, hint)
    convert = hint if isinstance(hint, type) and issubclass(hint, StrEnum | Duration | bytes) else None
    is_bound = made_from.enum or made_from.shortest or made_from.longest is not None or made_from.nullable
    is_text = made_from.type == "string" and convert is None and not is_bound
    return Shape(schema=made_from, attribute=attribute, convert=convert, is_text=is_text)


def _field_of(hint: Any, name: str) -> Field:
    """The schema that a type stands for; as protobuf's JSON has it, null is the same as nothing."""
    hint = _bare(hint)
    origin = get_origin(hint)
    if origin is tuple:
        return Field(name=name, type="array", entry=_entry_of(get_args(hint)[0], f"item of {name}"), nullable=True)
    if origin is not None and get_args(hint)[1] is Any:
        return Field(name=name, type="json", nullable=True)
    if origin is not None:
        return Field(name=name, type="map", entry=_entry_of(get_args(hint)[1], f"value in {name}"), nullable=True)
    if issubclass(hint, Message):
        fields = {inner: _field_of(kind, inner) for inner, (_, kind) in hints(hint).items()}
        unread = {inner: Field(name=inner, type="any") for inner in getattr(hint, "UNREAD", ())}
        return Field(name=name, type="object", fields=fields | unread, nullable=True)
    if issubclass(hint, StrEnum):
        return Field(name=name, type="string", enum=tuple(hint), nullable=True)
    low, high = _RANGES.get(hint, (None, None))
    return Field(name=name, type=_SCALARS.get(hint, "string"), nullable=True, minimum=low, maximum=high)


def _entry_of(hint: Any, name: str) -> Field:
    entry = _field_of(hint, name)
    entry.nullable = False
    return entry


def _bare(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not types.NoneType)
    return hint
