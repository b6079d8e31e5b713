"""What a change reaches: the objects and hosts that have to do with the ones that changed.

Two hosts have to do with each other by a VirtualService that names both, by an address or a name that both want, by
workloads that both select, by a route from one to the other. So the objects fall into small groups, and a group is
compiled as if nothing else were there. DestinationRules bind no group together: they are read, not asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from unstale.envoy.host import fqdn, is_subset_of, is_wildcard, suffix_patterns
from unstale.envoy.names import Names, names_of
from unstale.istio.destination_rule import DestinationRule
from unstale.istio.resource import Resource
from unstale.istio.service_entry import Resolution, ServiceEntry
from unstale.istio.virtual_service import VirtualService
from unstale.istio.workload import WorkloadEntryResource

Objects = dict[int, Resource]
"""By identity: what is written alike twice is two objects, and to compare them takes long."""

_NAME, _WILDCARD, _DESTINATION, _DELEGATE, _LABEL, _RULE = range(6)
_FEWEST_LIMIT = 100
_LARGEST_SHARE = 8


class TooFarError(Exception):
    """A change reaches so much that everything can as well be made anew."""


@dataclass(slots=True)
class Reach:
    """The objects that a change reaches, and the hosts (in lower case) of which something may be otherwise now."""

    objects: Objects = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)


class Influence:
    """All objects by their names; `follows_routes` where a route brings its destination in, as with a Sidecar."""

    def __init__(self, resources: Iterable[Resource], *, dns_domain: str, follows_routes: bool) -> None:
        self._dns_domain = dns_domain
        self.follows_routes = follows_routes
        self._index: dict[tuple[int, Hashable], Objects] = {}
        self._count = 0
        self._seen: dict[int, tuple[Resource, Names | None]] = {}
        for resource in resources:
            self._put(resource, names_of(resource, dns_domain))

    def add(self, resources: Iterable[Resource]) -> None:
        """From now on these are there."""
        for resource in resources:
            self._put(resource, self._names(resource))

    def remove(self, resources: Iterable[Resource]) -> None:
        """From now on these are not there."""
        for resource in resources:
            self._count -= 1
            for key in _keys(resource, self._names(resource)):
                several = self._index.get(key, {})
                several.pop(id(resource), None)
                if not several:
                    self._index.pop(key, None)

    def reach(self, resources: Iterable[Resource]) -> Reach:
        """All that has to do with these, and they themselves. Raises TooFarError where that is too much."""
        limit = max(_FEWEST_LIMIT, self._count // _LARGEST_SHARE)
        found = Reach()
        waiting = list(resources)
        while waiting:
            resource = waiting.pop()
            if id(resource) in found.objects:
                continue
            found.objects[id(resource)] = resource
            if len(found.objects) > limit:
                raise TooFarError
            owners, neighbours = self._around(resource)
            found.owners.update(owners)
            waiting.extend(one for one in neighbours if id(one) not in found.objects)
        return found

    def read_by(self, reach: Reach) -> Iterator[Resource]:
        """What else must be known of to compile what was reached; an object may come several times.

        With this a change is done, and what was kept while it was looked at is forgotten.
        """
        hosts = set(reach.owners)
        for resource in reach.objects.values():
            names = self._names(resource)
            if names is None:
                continue
            hosts.update(names.destinations)
            for host in names.destinations:
                yield from self._find(_NAME, (host.rstrip("."),), ServiceEntry)
            if isinstance(resource, ServiceEntry):
                yield from self._find(_LABEL, names.labels, WorkloadEntryResource)
        for host in hosts:
            yield from self._find(_RULE, (host, *suffix_patterns(host)), DestinationRule)
        self._seen.clear()

    def _put(self, resource: Resource, names: Names | None) -> None:
        self._count += 1
        for key in _keys(resource, names):
            self._index.setdefault(key, {})[id(resource)] = resource

    def _names(self, resource: Resource) -> Names | None:
        """Asked of an object several times in one change, and of all others never again."""
        known = self._seen.get(id(resource))
        if known is None:
            known = self._seen[id(resource)] = (resource, names_of(resource, self._dns_domain))
        return known[1]

    def _around(self, resource: Resource) -> tuple[Iterable[str], Iterator[Resource]]:
        """The hosts that an object is about, and the objects next to it."""
        names = self._names(resource)
        if isinstance(resource, DestinationRule):
            host = _host_of(resource)
            return (host,), self._about(host)
        if names is None:
            return (), iter(())
        if isinstance(resource, ServiceEntry):
            return names.owners, self._next_to_service(resource, names)
        if isinstance(resource, VirtualService):
            return names.owners, self._next_to_virtual_service(names)
        return (), self._next_to_workload(names)

    def _about(self, host: str) -> Iterator[Resource]:
        yield from self._find(_NAME, (host.rstrip("."),), ServiceEntry, VirtualService)
        if is_wildcard(host):
            yield from self._inside((host,), ServiceEntry)

    def _next_to_service(self, entry: ServiceEntry, names: Names) -> Iterator[Resource]:
        yield from self._find(_NAME, names.plain, ServiceEntry, VirtualService, WorkloadEntryResource)
        yield from self._find(_DESTINATION, names.owners, VirtualService)
        yield from self._inside(names.wildcards, VirtualService)
        for host in names.owners:
            yield from self._find(_WILDCARD, suffix_patterns(host), VirtualService)
        if entry.resolution in (None, Resolution.NONE):
            # Each of its workloads may have a listener of its own, which others may claim as well.
            yield from self._find(_LABEL, names.labels, WorkloadEntryResource)

    def _next_to_virtual_service(self, names: Names) -> Iterator[Resource]:
        yield from self._find(_NAME, names.plain, ServiceEntry, VirtualService)
        yield from self._find(_DELEGATE, names.delegates, VirtualService)
        yield from self._inside(names.wildcards, ServiceEntry)
        for host in names.owners:
            yield from self._find(_WILDCARD, suffix_patterns(host), ServiceEntry)
        if self.follows_routes:
            yield from self._find(_NAME, (host.rstrip(".") for host in names.destinations), ServiceEntry)

    def _next_to_workload(self, names: Names) -> Iterator[Resource]:
        yield from self._find(_LABEL, names.labels, ServiceEntry)
        yield from self._find(_NAME, names.plain, ServiceEntry, VirtualService, WorkloadEntryResource)

    def _inside(self, patterns: Iterable[str], *kinds: type[Resource]) -> Iterator[Resource]:
        """Objects with a name that one of the patterns contains; a pattern is rare enough to look at all names."""
        for pattern in patterns:
            for (what, name), several in self._index.items():
                if what == _NAME and is_subset_of(str(name), pattern):
                    yield from (one for one in several.values() if isinstance(one, kinds))

    def _find(self, what: int, keys: Iterable[Hashable], *kinds: type[Resource]) -> Iterator[Resource]:
        for key in keys:
            several = self._index.get((what, key))
            if several:
                yield from (one for one in several.values() if isinstance(one, kinds))


def _keys(resource: Resource, names: Names | None) -> Iterator[tuple[int, Hashable]]:
    """What an object is found by."""
    if isinstance(resource, DestinationRule):
        yield _RULE, _host_of(resource)
    if names is not None:
        for name in names.plain:
            yield _NAME, name
        for name in names.wildcards:
            yield _WILDCARD, name
        for name in names.destinations:
            yield _DESTINATION, name
        for name in names.delegates:
            yield _DELEGATE, name
        for label in names.labels:
            yield _LABEL, label


def _host_of(rule: DestinationRule) -> str:
    return fqdn(rule.host, rule.metadata.namespace)
