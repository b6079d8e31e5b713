"""Random messages of Envoy's own classes, to hold what is known of their fields against the classes themselves."""

from __future__ import annotations

from random import Random
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

_TEXTS = ("", "a", "x-b", "c.example.com")
_NUMBERS = {
    FieldDescriptor.CPPTYPE_BOOL: (False, True),
    FieldDescriptor.CPPTYPE_INT32: (0, 1, 77),
    FieldDescriptor.CPPTYPE_UINT32: (0, 1, 4294967295),
    FieldDescriptor.CPPTYPE_INT64: (0, 5),
    FieldDescriptor.CPPTYPE_UINT64: (0, 1 << 40),
    FieldDescriptor.CPPTYPE_DOUBLE: (0.0, 2.0, 0.25),
    FieldDescriptor.CPPTYPE_FLOAT: (0.0, 3.0, 0.5),
}
_UNUSED = ("google.api", "opencensus", "google.rpc", "google.protobuf.Value", "google.protobuf.ListValue")


def random_message(name: str, seed: int) -> Message:
    """A message of that type, with about a third of its fields down to some depth."""
    message: Message = _fill(Random(seed), descriptor_pool.Default().FindMessageTypeByName(name), 4)
    return message


def _fill(random: Random, descriptor: Descriptor, depth: int) -> Any:
    message: Any = message_factory.GetMessageClass(descriptor)()
    if descriptor.full_name == "google.protobuf.Any":
        return message
    if descriptor.full_name == "google.protobuf.Duration":
        message.FromNanoseconds(random.choice((0, 3_000_000_000)) + random.choice((0, 50_000_000)))
        return message
    if descriptor.full_name == "google.protobuf.Struct":
        message.update({random.choice(_TEXTS): random.choice(_TEXTS)})
        return message
    for field in descriptor.fields:
        if random.random() < 0.35:
            _set(random, message, field, depth)
    return message


def _set(random: Random, message: Message, field: FieldDescriptor, depth: int) -> None:
    kind = field.message_type
    if kind is not None and (depth == 0 or kind.full_name.startswith(_UNUSED)):
        return
    if kind is not None and kind.GetOptions().map_entry:
        _set_entry(random, getattr(message, field.name), kind, depth)
    elif field.is_repeated:
        getattr(message, field.name).extend(_value(random, field, depth) for _ in range(random.choice((1, 2))))
    elif kind is not None:
        getattr(message, field.name).CopyFrom(_value(random, field, depth))
    else:
        setattr(message, field.name, _value(random, field, depth))


def _set_entry(random: Random, entries: Any, kind: Descriptor, depth: int) -> None:
    value = kind.fields_by_name["value"]
    if value.message_type is None:
        entries["k"] = _value(random, value, depth)
    elif not value.message_type.full_name.startswith(_UNUSED):
        entries["k"].CopyFrom(_value(random, value, depth))


def _value(random: Random, field: FieldDescriptor, depth: int) -> Any:
    if field.message_type is not None:
        return _fill(random, field.message_type, depth - 1)
    if field.enum_type is not None:
        return random.choice(field.enum_type.values).number
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        text = random.choice(_TEXTS)
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    return random.choice(_NUMBERS[field.cpp_type])
