"""Envoy's resources as plain dicts, each with the manifests that made it.

Envoy's complaint about a resource names a cluster, a virtual host or nothing at all. A user wrote none of these, so
every resource remembers which places in the manifests it came from, and a resource made of many hosts remembers it
for each of its parts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from unstale.istio.message import Message
from unstale.model.origin import Origin

Json = dict[str, Any]
"""A protobuf message in its JSON form with Envoy's own field names."""

Origins = tuple[Origin, ...]


class Traced(dict[str, Any]):
    """A message of Envoy's that remembers what of Istio's it was made from, the closest first.

    In all else an ordinary dict: it is compared, copied and written as one. Whatever is made of it anew forgets.
    """

    __slots__ = ("sources",)

    def __init__(self, value: Json, *sources: Message | None) -> None:
        super().__init__(value)
        self.sources = tuple(source for source in sources if source is not None)

    def __reduce__(self) -> tuple[type[Traced], tuple[Any, ...]]:
        return Traced, (dict(self), *self.sources)

    def __deepcopy__(self, memo: dict[int, Any]) -> Traced:
        return Traced(copy.deepcopy(dict(self), memo), *self.sources)


class Kind(StrEnum):
    """The four kinds that the control plane sends, by the name of their list in `Resources`."""

    LISTENER = "listeners"
    ROUTE = "routes"
    CLUSTER = "clusters"
    ENDPOINT = "endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource; `parts` gives the origins of its virtual hosts (or chains) and of the clusters it routes to.

    A compiler that made a resource before gives out the very same object again for as long as nothing of it changes,
    and within a changed one the very same values for what did not change. So comparing by identity is enough to find
    what changed, and it takes no time.
    """

    name: str
    value: Json
    origins: Sequence[Origin] = ()
    parts: Mapping[str, Origins] = field(default_factory=dict)

    def origins_named_in(self, message: str) -> Origins:
        """The manifests behind the longest part that a message of Envoy's names; all of them if it names none."""
        named = [part for part in self.parts if part in message]
        if not named:
            return tuple(self.origins)
        longest = max(map(len, named))
        return merge_origins(self.parts[part] for part in named if len(part) == longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Everything for one proxy; names are unique within a kind."""

    listeners: tuple[Resource, ...] = ()
    routes: tuple[Resource, ...] = ()
    clusters: tuple[Resource, ...] = ()
    endpoints: tuple[Resource, ...] = ()

    def of(self, kind: Kind) -> tuple[Resource, ...]:
        """All resources of one kind."""
        found: tuple[Resource, ...] = getattr(self, kind.value)
        return found

    def find(self, kind: Kind, name: str) -> Resource | None:
        """The resource of that kind and name."""
        return next((resource for resource in self.of(kind) if resource.name == name), None)

    def origins_of(self, kind: Kind, name: str, part: str | None = None) -> Origins:
        """Which manifests made the resource, or its part: a virtual host of a route, a cluster it routes to.

        Empty for what Istio always adds and for what is not there.
        """
        resource = self.find(kind, name)
        if resource is None:
            return ()
        return tuple(resource.origins) if part is None else resource.parts.get(part, ())

    def as_json(self) -> dict[str, list[Json]]:
        """The bare values by kind."""
        return {kind.value: [resource.value for resource in self.of(kind)] for kind in Kind}


def merge_origins(groups: Iterable[Iterable[Origin]]) -> Origins:
    """All of them once, in the order of their first appearance."""
    return tuple(dict.fromkeys(origin for group in groups for origin in group))


def typed(name: str, type_name: str, **fields: Any) -> Json:
    """An extension: its name and its configuration of the type `envoy.{type_name}`."""
    return {"name": name, "typed_config": any_of(type_name, **fields)}


def any_of(type_name: str, **fields: Any) -> Json:
    """A protobuf Any in its JSON form."""
    return {"@type": f"type.googleapis.com/envoy.{type_name}", **fields}


def istio_metadata(**fields: Any) -> Json:
    """Istio's own marks, which its telemetry and its tools read."""
    return {"filter_metadata": {"istio": fields}}


def ads_config() -> Json:
    """A resource that comes over the same stream as all others."""
    return {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
