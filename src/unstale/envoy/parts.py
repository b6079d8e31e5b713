"""What each host adds to the configuration, kept apart from what all hosts share.

Listeners and route configurations belong to thousands of hosts, so they cannot be kept per host; a host's claims on
them can. What is here of one host depends on nothing but the manifests that have to do with it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from unstale.envoy.claim import Address, Claim
from unstale.envoy.clusters import clusters_of
from unstale.envoy.conflicts import conflicts
from unstale.envoy.control_plane_faults import control_plane_faults
from unstale.envoy.listeners import outbound_claims
from unstale.envoy.not_applied import not_applied, owner_of
from unstale.envoy.refused_clusters import refused_clusters
from unstale.envoy.resource import Resource
from unstale.envoy.scope import Scope
from unstale.envoy.service import Order
from unstale.istio.manifests import Manifests
from unstale.model.problem import Problem

_ORDER = attrgetter("order")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPart:
    """One host in lower case: its clusters, the listeners it claims, and the numbers of all its ports."""

    owner: str
    order: Order
    clusters: tuple[Resource, ...]
    endpoints: tuple[Resource, ...]
    addresses: tuple[Address, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`hosts` and the claims on one address are in order; `problems` are warnings by the host they are about."""

    hosts: tuple[HostPart, ...]
    claims: Mapping[Address, tuple[Claim, ...]]
    problems: Mapping[str, tuple[Problem, ...]]

    def touched(self, owners: Collection[str]) -> set[Address]:
        """The listeners that any of these hosts claims."""
        return {address for host in self.hosts if host.owner in owners for address in host.addresses}

    def replaced(self, owners: Collection[str], others: Parts, touched: Iterable[Address]) -> Parts:
        """The same with what `others` have of these hosts in place of what is here; they claim what is `touched`."""
        hosts = [host for host in self.hosts if host.owner not in owners]
        for host in others.hosts:
            if host.owner in owners:
                insort(hosts, host, key=_ORDER)
        claims = dict(self.claims)
        for address in touched:
            before = claims.pop(address, ())
            after = _claims(before, others.claims.get(address, ()), owners)
            if after:
                claims[address] = after
        problems = {owner: some for owner, some in self.problems.items() if owner not in owners}
        problems.update((owner, some) for owner, some in others.problems.items() if owner in owners)
        return Parts(hosts=tuple(hosts), claims=claims, problems=problems)


def _claims(before: tuple[Claim, ...], others: Iterable[Claim], owners: Collection[str]) -> tuple[Claim, ...]:
    """Those of before with what the others have of these hosts; the very same where that comes to the same."""
    gone = [claim for claim in before if claim.owner in owners]
    come = [claim for claim in others if claim.owner in owners]
    if len(gone) == len(come) and all(new.gives_what(old) for new, old in zip(come, gone, strict=True)):
        return before
    after = [claim for claim in before if claim.owner not in owners]
    for claim in come:
        insort(after, claim, key=_ORDER)
    return tuple(after)


def parts_of(scope: Scope, manifests: Manifests) -> Parts:
    """Of all hosts of a scope; `manifests` are those it was built from."""
    claims: dict[Address, list[Claim]] = {}
    claimed: dict[str, dict[Address, None]] = {}
    orders = [one.orders(number) for number, one in enumerate(scope.egress_scopes)]
    for claim in outbound_claims(scope, orders):
        claims.setdefault(claim.address, []).append(claim)
        claimed.setdefault(claim.owner, {})[claim.address] = None
    hosts = []
    for owner, order in _first_orders(scope, orders).items():
        clusters = tuple(clusters_of(scope, scope.registry.merged[owner]))
        hosts.append(
            HostPart(
                owner=owner,
                order=order,
                clusters=tuple(one.resource for one in clusters),
                endpoints=tuple(one.endpoints for one in clusters if one.endpoints is not None),
                addresses=tuple(claimed.get(owner, ())),
                ports=tuple({port.number for one in scope.registry.definitions[owner] for port in one.ports}),
            )
        )
    hosts.sort(key=_ORDER)
    return Parts(
        hosts=tuple(hosts),
        claims={address: tuple(several) for address, several in claims.items()},
        problems=_grouped(_problems(scope, manifests, hosts)),
    )


def _first_orders(scope: Scope, orders: Iterable[Iterable[Order]]) -> dict[str, Order]:
    """By host the first of its places."""
    found: dict[str, Order] = {}
    for one, several in zip(scope.egress_scopes, orders, strict=True):
        for service, order in zip(one.registry.services, several, strict=True):
            found.setdefault(service.key, order)
    for order, service in scope.destinations:
        found[service.key] = min(order, found.get(service.key, order))
    return found


def _problems(scope: Scope, manifests: Manifests, hosts: Iterable[HostPart]) -> Iterator[tuple[str, Problem]]:
    yield from not_applied(manifests, scope.release)
    yield from ((owner_of(spec), problem) for spec, problem in scope.left_out)
    yield from conflicts(scope, manifests.destination_rules)
    for host in hosts:
        service = scope.registry.merged[host.owner]
        yield from ((host.owner, problem) for problem in control_plane_faults(scope, service))
        yield from ((host.owner, problem) for problem in refused_clusters(scope, service, host.clusters))


def _grouped(problems: Iterable[tuple[str, Problem]]) -> dict[str, tuple[Problem, ...]]:
    found: dict[str, dict[Problem, None]] = {}
    for owner, problem in problems:
        found.setdefault(owner, {})[problem] = None
    return {owner: tuple(some) for owner, some in found.items()}
