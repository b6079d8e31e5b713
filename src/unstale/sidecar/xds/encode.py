"""Turn Envoy's JSON into protobuf messages.

Hundreds of message modules exist and importing them all takes seconds, so the ones a resource names in its `@type` are
imported when first met. A message's type tells its package but not its module; all modules of that package are loaded,
which are one to three. Resources that did not change since the last time are not encoded again.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message

from unstale.envoy.resource import Resource, Resources
from unstale.model.carry import carried
from unstale.model.collector import without_collector
from unstale.model.errors import InputError
from unstale.sidecar.xds.items import LISTS, Encoded, encode_with_items
from unstale.sidecar.xds.newer_fields import put_back, take_out
from unstale.sidecar.xds.references import endpoints_of
from unstale.sidecar.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, NOUNS, ROUTE, Snapshot, version_of


class EncodeError(InputError):
    """A resource is no message of its type; `resource` is the one."""

    def __init__(self, type_url: str, resource: Resource, reason: str) -> None:
        self.type_url = type_url
        self.resource = resource
        self.reason = reason
        super().__init__(f"{NOUNS[type_url]} {resource.name}: not Envoy's form ({reason}).")


class Encoder:
    """Encodes one configuration after another and remembers the last one.

    What is the same object as before is not looked at again; what is another object is compared before it is encoded.
    """

    def __init__(self) -> None:
        self._known: dict[str, Memory] = {}

    def encode(self, resources: Resources) -> Snapshot:
        """The snapshot of `resources`. Raises EncodeError at the first resource that cannot be encoded."""
        kinds = {
            CLUSTER: resources.clusters,
            ENDPOINT: resources.endpoints,
            LISTENER: resources.listeners,
            ROUTE: resources.routes,
        }
        with without_collector():
            known = {
                type_url: _remembered(type_url, several, self._known.get(type_url, Memory()))
                for type_url, several in kinds.items()
            }
        self._known = known
        return Snapshot(entries={type_url: memory.by_name for type_url, memory in known.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All resources of one type, in their order and by name, as they were encoded."""

    resources: Sequence[Resource] = ()
    encoded: Sequence[Encoded] = ()
    by_name: dict[str, Encoded] = field(default_factory=dict)


def _remembered(type_url: str, resources: Sequence[Resource], before: Memory) -> Memory:
    found = carried(before.resources, before.encoded, resources)
    if not found.unknown and not found.gone:
        return before
    by_name = before.by_name.copy()
    come = {}
    for at in found.unknown:
        resource = resources[at]
        come[resource.name] = found.results[at] = _encoded(type_url, resource, before.by_name.get(resource.name))
    by_name.update(come)
    for resource, _ in found.gone:
        if resource.name not in come:
            del by_name[resource.name]
    every = [encoded for encoded in found.results if encoded is not None]
    return Memory(resources=resources, encoded=every, by_name=by_name)


def _encoded(type_url: str, resource: Resource, before: Encoded | None) -> Encoded:
    if before is not None and before.value is resource.value:
        return before
    if type_url in LISTS:
        with _told_of(type_url, resource):
            return encode_with_items(type_url, resource, before, _bytes)
    if before is not None and before.value == resource.value:
        return replace(before, value=resource.value)
    body = encode_one(type_url, resource)
    needs = endpoints_of(resource.value) if type_url == CLUSTER else ()
    return Encoded(name=resource.name, version=version_of(body), body=body, needs=needs, value=resource.value)


def encode_one(type_url: str, resource: Resource) -> bytes:
    """The message of one resource, byte for byte the same for equal JSON. Raises EncodeError."""
    with _told_of(type_url, resource):
        return _bytes(type_url, resource.value)


@contextmanager
def _told_of(type_url: str, resource: Resource) -> Iterator[None]:
    """What is wrong with a part is told of the resource that it is in."""
    try:
        yield
    except (json_format.ParseError, ValueError, KeyError, ImportError) as error:
        raise EncodeError(type_url, resource, _reason(error)) from error


def _bytes(type_url: str, value: dict[str, Any]) -> bytes:
    for name in {type_url, *_types_in(value)}:
        _load(name)
    value, newer = take_out(type_url, value)
    message = json_format.ParseDict(value, _message(type_url))
    put_back(message, newer)
    return message.SerializeToString(deterministic=True)


def _message(type_url: str) -> Message:
    descriptor = Default().FindMessageTypeByName(type_url.rpartition("/")[2])
    return message_factory.GetMessageClass(descriptor)()


def _types_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("@type"), str):
            yield value["@type"]
        for inner in value.values():
            yield from _types_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _types_in(inner)


@cache
def _load(type_url: str) -> None:
    package = import_module(type_url.rpartition("/")[2].rpartition(".")[0])
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.endswith("_pb2"):
            import_module(f"{package.__name__}.{module.name}")


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"unknown message type, {error.name}"
    return " ".join(str(error).split())
