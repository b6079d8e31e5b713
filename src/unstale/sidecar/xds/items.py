"""Listeners and route configurations are encoded item by item: chain by chain, virtual host by virtual host.

One of these resources can hold what belongs to ten thousand hosts, and encoding it as a whole takes a second for a
change of one of them. In protobuf a repeated field is the encoded items one behind the other, each with its field's tag
and its length, so the bytes of the items that did not change are used again. What comes out is the same, byte for
byte, as if the message were encoded as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from unstale.envoy.resource import Resource
from unstale.model.carry import carried
from unstale.sidecar.xds import length_delimited
from unstale.sidecar.xds.references import address_of, routes_of
from unstale.sidecar.xds.snapshot import LISTENER, ROUTE, Entry

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemList:
    """The field of a type that is encoded item by item, and the type of its items."""

    name: str
    number: int
    type_url: str


LISTS: Mapping[str, ItemList] = MappingProxyType(
    {
        LISTENER: ItemList(
            name="filter_chains", number=3, type_url="type.googleapis.com/envoy.config.listener.v3.FilterChain"
        ),
        ROUTE: ItemList(
            name="virtual_hosts", number=2, type_url="type.googleapis.com/envoy.config.route.v3.VirtualHost"
        ),
    }
)
"""Field numbers from envoy/config/listener/v3/listener.proto and envoy/config/route/v3/route.proto."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One encoded item with its tag and length, a digest of that, and the routes that Envoy will ask for by it."""

    value: Json
    body: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded(Entry):
    """An encoded resource with the JSON that it was made from, and its `items` in their order."""

    value: Json = field(repr=False, compare=False)
    items: Sequence[Item] = field(default=(), repr=False, compare=False)


Encode = Callable[[str, Json], bytes]
"""The bytes of a message of a type from its JSON."""


def encode_with_items(type_url: str, resource: Resource, before: Encoded | None, encode: Encode) -> Encoded:
    """`before` is what the resource of that name was the last time."""
    kind = LISTS[type_url]
    many: Sequence[Json] = resource.value.get(kind.name, ())
    known = carried(before.value.get(kind.name, ()) if before else (), before.items if before else (), many)
    made = _made([many[at] for at in known.unknown], kind, known.gone, encode)
    for at in known.unknown:
        known.results[at] = made[id(many[at])]
    items = [item for item in known.results if item is not None]
    rest = {name: value for name, value in resource.value.items() if name != kind.name}
    head, tail = _cut(encode(type_url, rest), kind.number)
    digests = b"".join([item.digest for item in items])
    return Encoded(
        name=resource.name,
        version=hashlib.sha256(head + tail + digests).hexdigest()[:16],
        body=b"".join([head, *[item.body for item in items], tail]),
        needs=_needs(type_url, rest, items),
        address=address_of(resource.value) if type_url == LISTENER else "",
        value=resource.value,
        items=items,
    )


def _made(unseen: Iterable[Json], kind: ItemList, gone: Iterable[tuple[Json, Item]], encode: Encode) -> dict[int, Item]:
    """The new items by identity; of one that takes the place of an equal one the bytes are known."""
    made: dict[int, Item] = {}
    replaced = {_key(value): item for value, item in gone}
    for value in unseen:
        equal = replaced.get(_key(value)) if replaced else None
        if equal is not None and equal.value == value:
            made[id(value)] = Item(value=value, body=equal.body, digest=equal.digest, needs=equal.needs)
            continue
        body = encode(kind.type_url, value)
        body = length_delimited.field(kind.number, body)
        made[id(value)] = Item(
            value=value, body=body, digest=hashlib.sha256(body).digest()[:16], needs=routes_of(value)
        )
    return made


def _key(item: Json) -> str:
    """What items of one resource differ in: the name of a virtual host, the match of a chain."""
    return str(item.get("name", "")) + str(item.get("filter_chain_match", ""))


def _needs(type_url: str, rest: Json, items: Sequence[Item]) -> tuple[str, ...]:
    if type_url != LISTENER:
        return ()
    return tuple(dict.fromkeys([*[name for item in items if item.needs for name in item.needs], *routes_of(rest)]))


def _cut(body: bytes, number: int) -> tuple[bytes, bytes]:
    """An encoded message before and behind the place of a field that it does not have; fields come in order."""
    at = 0
    while at < len(body):
        tag, after = _read_varint(body, at)
        if tag >> 3 > number:
            break
        at = _skip(body, after, tag & 7)
    return body[:at], body[at:]


def _skip(body: bytes, at: int, wire_type: int) -> int:
    if wire_type == length_delimited.LENGTH_DELIMITED:
        size, at = _read_varint(body, at)
        return at + size
    if wire_type == 0:
        return _read_varint(body, at)[1]
    return at + (8 if wire_type == 1 else 4)


def _read_varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
