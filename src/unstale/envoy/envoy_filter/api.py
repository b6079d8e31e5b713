"""Envoy's messages: which fields each has and of which kind, as far as patches and their values need it.

A patch cannot be merged by its JSON alone: an unset number is no zero, a map's entry is replaced while a message is
merged, and one member of a oneof drives out the others. The facts stand in `envoy_api.tsv`, which
`scripts/envoy_api.py` writes from the published message classes (xds-protos). A row is a message and its fields,
`~` stands for `envoy.`:

    name:s text  :b bool  :i 32 bit  :I 64 bit  :f float  :B bytes  :E enum  :m message  :w wrapper of what follows
    :D Duration  :T Timestamp  :S Struct  :V Value  :L ListValue  :K FieldMask  :A Any  :O not looked into
    *list  %map with texts as keys  @number of the oneof it is a member of

and a row with `=` an enum and its values, with their number where it is not their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

_TABLE = "envoy_api.tsv"


class Kind(StrEnum):
    """The kind of one value of a field, by its sign in the table."""

    STRING = "s"
    BOOL = "b"
    INT = "i"
    LONG = "I"
    FLOAT = "f"
    BYTES = "B"
    ENUM = "E"
    MESSAGE = "m"
    DURATION = "D"
    TIMESTAMP = "T"
    STRUCT = "S"
    VALUE = "V"
    LIST_VALUE = "L"
    FIELD_MASK = "K"
    ANY = "A"
    OPAQUE = "O"


SCALARS = frozenset({Kind.STRING, Kind.BOOL, Kind.INT, Kind.LONG, Kind.FLOAT, Kind.BYTES, Kind.ENUM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; `type_name` is that of an enum or a message, `one_of` the group of which only one may be set."""

    name: str
    kind: Kind
    type_name: str = ""
    is_list: bool = False
    is_map: bool = False
    is_wrapper: bool = False
    one_of: int | None = None

    @property
    def has_presence(self) -> bool:
        """Zero is not the same as unset."""
        return self.is_wrapper or self.one_of is not None or self.kind not in SCALARS


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageType:
    """A message by its fields; `by_json_name` also has the camelCase ones."""

    name: str
    fields: Mapping[str, Field]
    by_json_name: Mapping[str, Field]


CLUSTER = "envoy.config.cluster.v3.Cluster"
LISTENER = "envoy.config.listener.v3.Listener"
LISTENER_FILTER = "envoy.config.listener.v3.ListenerFilter"
FILTER_CHAIN = "envoy.config.listener.v3.FilterChain"
NETWORK_FILTER = "envoy.config.listener.v3.Filter"
HTTP_CONNECTION_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
HTTP_FILTER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"
ROUTE_CONFIGURATION = "envoy.config.route.v3.RouteConfiguration"
VIRTUAL_HOST = "envoy.config.route.v3.VirtualHost"
ROUTE = "envoy.config.route.v3.Route"


@lru_cache(maxsize=1024)
def message_type(name: str) -> MessageType | None:
    """The message of that full name; None for one that the table does not have."""
    row = _rows().get(name)
    if row is None:
        return None
    fields = {field.name: field for field in map(_field, row)}
    return MessageType(
        name=name, fields=fields, by_json_name={json_name(one): field for one, field in fields.items()} | fields
    )


def type_of(any_value: Mapping[str, object]) -> MessageType | None:
    """The message that an Any in its JSON form holds; None for one that the table does not have."""
    return message_type(str(any_value.get("@type", "")).rpartition("/")[2])


@lru_cache(maxsize=256)
def enum_values(name: str) -> Mapping[str, int]:
    """The numbers of an enum's values by name; of names for one number the first comes first."""
    values: dict[str, int] = {}
    for place, text in enumerate(_rows()["=" + name]):
        value, _, number = text.partition(":")
        values[value] = int(number) if number else place
    return values


def json_name(name: str) -> str:
    """`connectTimeout` for `connect_timeout`, as protobuf's JSON has it."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


@lru_cache(maxsize=1)
def _rows() -> dict[str, list[str]]:
    """The cells of each message and enum by its name, unread."""
    text = files(__package__).joinpath(_TABLE).read_text(encoding="utf-8")
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, *cells = line.split("\t")
        rows[_in_full(name)] = cells
    return rows


def _field(cell: str) -> Field:
    name, _, rest = cell.partition(":")
    rest, _, group = rest.partition("@")
    is_list, is_map = rest.startswith("*"), rest.startswith("%")
    sign = rest.lstrip("*%")
    is_wrapper = sign.startswith("w")
    sign = sign.removeprefix("w")
    return Field(
        name=name,
        kind=Kind(sign[0]),
        type_name=_in_full(sign[1:]),
        is_list=is_list,
        is_map=is_map,
        is_wrapper=is_wrapper,
        one_of=int(group) if group else None,
    )


def _in_full(name: str) -> str:
    return name.replace("~", "envoy.", 1)
