"""One patch as it is applied: what it does, what it needs to find, and the way to find the patches for an object.

Every patch is asked for every object in istiod. With a patch for each of ten thousand hosts that is a hundred million
questions, so patches that name an object are found by that name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from unstale.envoy.envoy_filter.api import MessageType
from unstale.envoy.envoy_filter.merge import merged
from unstale.envoy.resource import Json, Resource, Traced
from unstale.istio.message import Message
from unstale.model.origin import Origin
from unstale.model.problem import Problem, Severity


class Operation(StrEnum):
    """What a patch does; the names are Istio's."""

    MERGE = "MERGE"
    ADD = "ADD"
    REMOVE = "REMOVE"
    INSERT_BEFORE = "INSERT_BEFORE"
    INSERT_AFTER = "INSERT_AFTER"
    INSERT_FIRST = "INSERT_FIRST"
    REPLACE = "REPLACE"
    MERGE_AND_REPLACE_LIST = "MERGE_AND_REPLACE_LIST"


MERGES = (Operation.MERGE, Operation.MERGE_AND_REPLACE_LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """All conditions of one patch in one row; empty and 0 ask for nothing, None says that there is no such block."""

    name: str = ""
    port: int = 0
    service: str = ""
    subset: str = ""
    chain: str = ""
    sni: str = ""
    transport_protocol: str = ""
    application_protocols: tuple[str, ...] = ()
    destination_port: int = 0
    network_filter: str | None = None
    http_filter: str | None = None
    listener_filter: str = ""
    virtual_host: str = ""
    domain: str = ""
    route: str | None = None
    route_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """`rank` is its place among all patches of the proxy, `value` is in the form of the compiled resources."""

    rank: int
    operation: Operation
    match: Match
    value: Json
    source: Message

    @property
    def origin(self) -> Origin:
        """Where the patch is written."""
        return self.source.origin

    @property
    def added(self) -> Json:
        """The value as an object of its own."""
        return Traced(self.value, self.source)

    def traced(self, old: Json, new: Json) -> Json:
        """The new object with the patch as the closest of what the old one was made from."""
        return Traced(new, self.source, *(old.sources if isinstance(old, Traced) else ()))

    def merge_into(self, old: Json, message: MessageType) -> Json:
        """What a MERGE of either kind makes of an object."""
        replaces = self.operation is Operation.MERGE_AND_REPLACE_LIST
        return self.traced(old, merged(old, self.value, message, replaces_lists=replaces))


@dataclass(slots=True)
class PatchIndex:
    """Patches in their order, those with a key found by it."""

    general: list[Patch] = field(default_factory=list)
    by_key: dict[str, list[Patch]] = field(default_factory=dict)

    @classmethod
    def of(cls, patches: Iterable[Patch], key_of: Callable[[Match], str]) -> PatchIndex:
        """`key_of` gives the key that an object must have, empty if the patch may be for any."""
        index = cls()
        for patch in patches:
            key = key_of(patch.match)
            (index.by_key.setdefault(key, []) if key else index.general).append(patch)
        return index

    def after(self, rank: int, keys: Iterable[str]) -> Patch | None:
        """The first patch behind that place which may be for an object with these keys."""
        found = [_first_after(rank, self.general)]
        if self.by_key:
            found += [_first_after(rank, self.by_key.get(key, ())) for key in keys]
        return min((patch for patch in found if patch is not None), key=lambda patch: patch.rank, default=None)

    def all(self, keys: Iterable[str]) -> list[Patch]:
        """All patches that may be for an object with these keys, in their order."""
        found = list(self.general)
        for key in keys:
            found += self.by_key.get(key, ())
        return sorted(found, key=lambda patch: patch.rank)


@dataclass(slots=True)
class Applied:
    """What happened: the origins of the patches that acted on the object at hand, and all warnings once."""

    origins: list[Origin] = field(default_factory=list)
    warnings: dict[Problem, None] = field(default_factory=dict)

    def by(self, patch: Patch) -> None:
        """The patch acted."""
        self.origins.append(patch.origin)

    def taken(self) -> tuple[Origin, ...]:
        """The origins since the last call, each once."""
        origins = tuple(dict.fromkeys(self.origins))
        self.origins.clear()
        return origins

    def warn(self, patch: Patch, what: str, consequence: str) -> None:
        """Tell it at the patch's place."""
        self.warnings[Problem(origin=patch.origin, what=what, allowed=consequence, severity=Severity.WARNING)] = None


def made_at(resource: Resource) -> str:
    """The place of the first manifest behind a resource, for the end of a sentence; empty for Istio's own."""
    return f", made at {resource.origins[0]}" if resource.origins else ""


def _first_after(rank: int, patches: list[Patch] | tuple[Patch, ...]) -> Patch | None:
    place = bisect_right(patches, rank, key=lambda patch: patch.rank)
    return patches[place] if place < len(patches) else None
