"""The whole configuration from what each host adds: shared listeners and route configurations are put together here.

Whatever is not touched by a change is the very same object as before, and in what is touched the same is true of each
chain and each virtual host.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from unstale.envoy.claim import Address, settle
from unstale.envoy.clusters import fixed_clusters
from unstale.envoy.conflicts import claims_refused
from unstale.envoy.listener import Listener, listener_resource
from unstale.envoy.parts import Parts
from unstale.envoy.resource import Resource, Resources
from unstale.envoy.routes import Route, Routes
from unstale.envoy.scope import Scope
from unstale.envoy.service import Order
from unstale.envoy.virtual_outbound import http_proxy_listener, virtual_outbound
from unstale.model.problem import Problem

_ORDER, _NAME = attrgetter("order"), attrgetter("name")
_HTTP_PORT = 80


class NotLocalError(Exception):
    """A change reaches hosts that it was not expected to reach, so everything must be made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A listener that is put together; `order` is that of the first claim on it.

    `made_of` is all that decided how it looks.
    """

    order: Order
    address: Address
    made_of: tuple[object, ...]
    route_name: str | None
    resource: Resource
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is there whatever the hosts are."""

    first_listeners: tuple[Resource, ...]
    last_listeners: tuple[Settled, ...]
    clusters: tuple[Resource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Everything put together; `listeners` are in order, `routes` by name with their resources."""

    frame: Frame
    listeners: tuple[Settled, ...]
    routes: Mapping[str, tuple[Route, Resource]]

    def resources(self, parts: Parts) -> Resources:
        """All that Envoy gets, before EnvoyFilters change it."""
        clusters = chain.from_iterable([host.clusters for host in parts.hosts])
        listeners = chain(self.frame.first_listeners, (one.resource for one in (*self.listeners, *self._last)))
        return Resources(
            listeners=tuple(listeners),
            routes=tuple(resource for _, resource in self.routes.values()),
            clusters=(*clusters, *self.frame.clusters),
            endpoints=tuple(chain.from_iterable([host.endpoints for host in parts.hosts if host.endpoints])),
        )

    @property
    def problems(self) -> Iterator[Problem]:
        """Of hosts that claim the same connections."""
        for listener in self.listeners:
            yield from listener.problems

    @property
    def _last(self) -> tuple[Settled, ...]:
        return self.frame.last_listeners

    def changed(self, owners: Collection[str], touched: Iterable[Address], parts: Parts, scope: Scope) -> Assembly:
        """The same after these hosts changed and so the listeners at the addresses; `scope` knows the hosts.

        Raises NotLocalError where other hosts would change as well.
        """
        again = dict.fromkeys(touched)
        listeners = [one for one in self.listeners if one.address not in again]
        before = {one.address: one for one in self.listeners if one.address in again}
        for one in _settled(again, parts, scope, before):
            insort(listeners, one, key=_ORDER)
        routes: dict[str, tuple[Route, Resource]] = {}
        every = Routes.of(scope)
        for name, port in _wanted([*listeners, *self._last]).items():
            known = self.routes.get(name)
            if known is None:
                routes[name] = _new(every, name, port, owners, parts)
            elif ":" in name and name.rpartition(":")[0].lower() not in owners:
                routes[name] = known
            else:
                routes[name] = _spliced(known, every.route(name, port), owners)
        return Assembly(frame=self.frame, listeners=tuple(listeners), routes=routes)


def assemble(scope: Scope, parts: Parts) -> Assembly:
    """Everything from the beginning; the parts are those of the whole scope."""
    frame = _frame(scope)
    listeners = sorted(_settled(parts.claims, parts, scope, {}), key=_ORDER)
    every = Routes.of(scope)
    made = {name: every.route(name, port) for name, port in _wanted([*listeners, *frame.last_listeners]).items()}
    return Assembly(
        frame=frame,
        listeners=tuple(listeners),
        routes={name: (route, route.resource()) for name, route in made.items()},
    )


def _frame(scope: Scope) -> Frame:
    always, proxy = virtual_outbound(scope), http_proxy_listener(scope)
    return Frame(
        first_listeners=(always,) if always else (),
        last_listeners=(_one(scope, proxy, (proxy.binding.primary, proxy.port), (), None),) if proxy else (),
        clusters=fixed_clusters(scope),
    )


def _settled(
    addresses: Iterable[Address], parts: Parts, scope: Scope, before: Mapping[Address, Settled]
) -> Iterator[Settled]:
    for address in addresses:
        claims = parts.claims.get(address, ())
        listener = settle(claims)
        if listener is not None:
            first = next(claim for claim in claims if claim.is_for_listener)
            yield _one(scope, listener, address, first.order, before.get(address))


def _one(scope: Scope, listener: Listener, address: Address, order: Order, before: Settled | None) -> Settled:
    """The one before where it would look the same."""
    made_of = (listener.binding, tuple(listener.chains.values()))
    if before is None or made_of != before.made_of:
        route_name, resource = listener.route_name, listener_resource(scope, listener)
    else:
        made_of, route_name, resource = before.made_of, before.route_name, before.resource
    return Settled(
        order=order,
        address=address,
        made_of=made_of,
        route_name=route_name,
        resource=resource,
        problems=tuple(claims_refused(listener)),
    )


def _wanted(listeners: Iterable[Settled]) -> dict[str, int]:
    """The route configurations by name, with the port of the first listener that asks for them."""
    found: dict[str, int] = {}
    for listener in listeners:
        if listener.route_name is not None:
            found.setdefault(listener.route_name, listener.address[1])
    return found


def _new(every: Routes, name: str, port: int, owners: Collection[str], parts: Parts) -> tuple[Route, Resource]:
    """One that was not asked for before: what it has of other hosts is not known."""
    is_own = ":" in name and name.rpartition(":")[0].lower() in owners
    has_others = port in (0, _HTTP_PORT) or not name.isdigit()
    if not is_own and (has_others or any(port in host.ports for host in parts.hosts if host.owner not in owners)):
        raise NotLocalError(name)
    route = every.route(name, port)
    return route, route.resource()


def _spliced(known: tuple[Route, Resource], made: Route, owners: Collection[str]) -> tuple[Route, Resource]:
    """The virtual hosts of these hosts as they are made now, all others as they are known."""
    before, _ = known
    gone = [host for host in before.hosts if host.owner in owners]
    come = [host for host in made.hosts if host.owner in owners]
    if not gone and not come:
        return known
    hosts = [host for host in before.hosts if host.owner not in owners]
    for host in come:
        insort(hosts, host, key=_NAME)
    route = Route(name=before.name, hosts=hosts, last=before.last)
    return route, route.resource()
