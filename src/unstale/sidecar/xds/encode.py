"""Turn Envoy's JSON into protobuf messages.

Hundreds of message modules exist and importing them all takes seconds, so the ones a resource names in its `@type` are
imported when first met. A message's type tells its package but not its module; all modules of that package are loaded,
which are one to three. Resources that did not change since the last time are not encoded again.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message

from unstale.envoy.resource import Resource, Resources
from unstale.model.errors import InputError
from unstale.sidecar.xds.newer_fields import put_back, take_out
from unstale.sidecar.xds.references import address_of, endpoints_of, routes_of
from unstale.sidecar.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, NOUNS, ROUTE, Entry, Snapshot, version_of


class EncodeError(InputError):
    """A resource is no message of its type; `resource` is the one."""

    def __init__(self, type_url: str, resource: Resource, reason: str) -> None:
        self.type_url = type_url
        self.resource = resource
        self.reason = reason
        super().__init__(f"{NOUNS[type_url]} {resource.name}: not Envoy's form ({reason}).")


class Encoder:
    """Encodes one configuration after another and remembers the last one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[dict[str, Any], Entry]] = {}

    def encode(self, resources: Resources) -> Snapshot:
        """The snapshot of `resources`. Raises EncodeError at the first resource that cannot be encoded."""
        kinds = {
            CLUSTER: resources.clusters,
            ENDPOINT: resources.endpoints,
            LISTENER: resources.listeners,
            ROUTE: resources.routes,
        }
        known: dict[tuple[str, str], tuple[dict[str, Any], Entry]] = {}
        for type_url, several in kinds.items():
            for resource in several:
                known[type_url, resource.name] = (resource.value, self._entry(type_url, resource))
        self._known = known
        return Snapshot(
            entries={
                type_url: {resource.name: known[type_url, resource.name][1] for resource in several}
                for type_url, several in kinds.items()
            }
        )

    def _entry(self, type_url: str, resource: Resource) -> Entry:
        value, entry = self._known.get((type_url, resource.name), (None, None))
        if entry is not None and value == resource.value:
            return entry
        body = encode_one(type_url, resource)
        return Entry(
            name=resource.name,
            version=version_of(body),
            body=body,
            needs=_needs(type_url, resource.value),
            address=address_of(resource.value) if type_url == LISTENER else "",
        )


def encode_one(type_url: str, resource: Resource) -> bytes:
    """The message of one resource, byte for byte the same for equal JSON."""
    try:
        for name in {type_url, *_types_in(resource.value)}:
            _load(name)
        value, newer = take_out(type_url, resource.value)
        message = json_format.ParseDict(value, _message(type_url))
        put_back(message, newer)
    except (json_format.ParseError, ValueError, KeyError, ImportError) as error:
        raise EncodeError(type_url, resource, _reason(error)) from error
    return message.SerializeToString(deterministic=True)


def _needs(type_url: str, value: dict[str, Any]) -> tuple[str, ...]:
    if type_url == CLUSTER:
        return endpoints_of(value)
    return routes_of(value) if type_url == LISTENER else ()


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
