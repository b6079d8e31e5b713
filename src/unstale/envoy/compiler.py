"""A compiler that remembers: after a change it makes anew what the change reaches, and nothing else.

Everything starts from the objects that came and went. What they reach is compiled by itself, together with what it
reads, and put in the place of what was there of the same hosts. Where the reach cannot be told, or is a large part of
the whole, everything is compiled; the result is the same, byte for byte and warning for warning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from unstale.envoy.assembly import Assembly, NotLocalError, assemble
from unstale.envoy.compile import Compiled, Target, finish
from unstale.envoy.influence import Influence, Reach, TooFarError
from unstale.envoy.parts import Parts, parts_of
from unstale.envoy.resource import Resource as EnvoyResource
from unstale.envoy.routes import Routes
from unstale.envoy.scope import Scope
from unstale.envoy.sidecar_choice import sidecar_for
from unstale.istio.destination_rule import DestinationRule
from unstale.istio.loader import Loaded
from unstale.istio.manifests import Manifests
from unstale.istio.resource import Resource
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.sidecar import Sidecar
from unstale.istio.virtual_service import VirtualService
from unstale.istio.workload import WorkloadEntryResource


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The last result and all that the next one is made from."""

    sidecar: Sidecar | None
    influence: Influence
    parts: Parts
    assembly: Assembly
    compiled: Compiled


class Compiler:
    """Compiles one state of the manifests after the other for one target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._patching = target.patching()
        self._known: _Known | None = None

    def compile(self, loaded: Loaded) -> Compiled:
        """What `compile` makes of the manifests; resources that did not change are the same objects as before."""
        known, self._known = self._known, None
        if known is not None and loaded.is_change:
            if not loaded.added and not loaded.removed:
                self._known = known
                return known.compiled
            try:
                self._known = self._changed(known, loaded)
            except (NotLocalError, TooFarError):
                self._known = None
        if self._known is None:
            self._known = self._whole(loaded.manifests)
        return self._known.compiled

    def _whole(self, manifests: Manifests) -> _Known:
        target = self._target
        scope = target.scope(manifests)
        parts = parts_of(scope, manifests)
        assembly = assemble(scope, parts)
        sidecar = self._sidecar(manifests)
        influence = Influence(
            _every(manifests),
            dns_domain=scope.proxy.dns_domain,
            follows_routes=sidecar is not None or _has_hidden_destination(scope),
        )
        requested = Routes.of(scope).requested
        return _Known(
            sidecar=sidecar,
            influence=influence,
            parts=parts,
            assembly=assembly,
            compiled=finish(target, manifests, scope, parts, assembly, self._patching, requested_route=requested),
        )

    def _changed(self, known: _Known, loaded: Loaded) -> _Known:
        """Raises NotLocalError and TooFarError; what is known is of no use then."""
        manifests, influence = loaded.manifests, known.influence
        if self._sidecar(manifests) is not known.sidecar:
            raise NotLocalError("another Sidecar")
        reach = _reach(influence, loaded)
        part = _part(manifests, [*reach.objects.values(), *influence.read_by(reach)])
        scope = self._target.scope(part)
        if not influence.follows_routes and _has_hidden_destination(scope):
            raise NotLocalError("a host that only a route brings in")
        made = parts_of(scope, part)
        touched = known.parts.touched(reach.owners) | made.touched(reach.owners)
        parts = known.parts.replaced(reach.owners, made, touched)
        unsettled = [one for one in touched if parts.claims.get(one) is not known.parts.claims.get(one)]
        assembly = known.assembly.changed(reach.owners, unsettled, parts, scope)
        return _Known(
            sidecar=known.sidecar,
            influence=influence,
            parts=parts,
            assembly=assembly,
            compiled=finish(
                self._target, manifests, scope, parts, assembly, self._patching, requested_route=_not_local
            ),
        )

    def _sidecar(self, manifests: Manifests) -> Sidecar | None:
        return sidecar_for(manifests.sidecars, self._target.proxy.with_topology(), self._target.mesh)


def _reach(influence: Influence, loaded: Loaded) -> Reach:
    """What the change reaches, before and after it."""
    before = influence.reach(loaded.removed)
    influence.remove(loaded.removed)
    influence.add(loaded.added)
    gone = {id(resource) for resource in loaded.removed}
    stayed = [resource for key, resource in before.objects.items() if key not in gone]
    after = influence.reach([*loaded.added, *stayed])
    return Reach(objects=after.objects, owners=before.owners | after.owners)


def _part(manifests: Manifests, resources: Iterable[Resource]) -> Manifests:
    """Manifests of these alone; their order says nothing, because each has a name."""
    kinds: dict[type[Any], dict[int, Any]] = {}
    for resource in resources:
        if not resource.metadata.name:
            raise NotLocalError("an object without a name has no place among others")
        kinds.setdefault(type(resource), {})[id(resource)] = resource
    return Manifests(
        service_entries=tuple(kinds.get(ServiceEntry, {}).values()),
        virtual_services=tuple(kinds.get(VirtualService, {}).values()),
        destination_rules=tuple(kinds.get(DestinationRule, {}).values()),
        workload_entries=tuple(kinds.get(WorkloadEntryResource, {}).values()),
        sidecars=manifests.sidecars,
    )


def _every(manifests: Manifests) -> Iterable[Resource]:
    """Those that have to do with hosts."""
    return chain(
        manifests.service_entries,
        manifests.virtual_services,
        manifests.destination_rules,
        manifests.workload_entries,
    )


def _has_hidden_destination(scope: Scope) -> bool:
    """A host has clusters only because something routes to it."""
    imported = {service.key for one in scope.egress_scopes for service in one.registry.services}
    return any(service.key not in imported for _, service in scope.destinations)


def _not_local(name: str) -> EnvoyResource | None:
    raise NotLocalError(name)
