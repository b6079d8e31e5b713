"""Ours: DNS followed by the mesh, retries that outlast a DNS refresh, and never a second run of a POST.

Retries are split by method. What may be repeated (GET, HEAD, OPTIONS, PUT, DELETE) is repeated after a reset, with
pauses that together span more than a time to live, since the right address cannot be known earlier. What may not
(POST, PATCH) is repeated only where nothing was sent. It follows from what an operator knows of the host beforehand
(`unstale fix` prints it with a reason beside each field). Needs Istio 1.26 or newer for `retries.backoff`.
"""

from __future__ import annotations

from unstale.istio.source import Source
from unstale.lab.policy import Policy
from unstale.lab.target import Target
from unstale.lab.world import Tls, World
from unstale.remedy.facts import Encryption, HostFacts, Port
from unstale.remedy.recommended import recommended
from unstale.remedy.writing import yaml_text


def facts_of(target: Target) -> HostFacts:
    """What an operator of the target's world knows of it: nothing of what will happen, or when."""
    world = target.world
    if world is None:
        return HostFacts(host=target.host, ports=(Port(number=target.port),))
    encryption = Encryption(world.tls.value)
    return HostFacts(
        host=target.host,
        ports=(_port(target, world),),
        encryption=encryption,
        ttl_s=world.ttl_s,
        address_count=len(world.addresses),
        server_idle_s=_least(world.server.idle_s, world.nat.idle_s if world.nat else None),
        server_max_age_s=world.server.max_age_s,
        slowest_answer_s=target.slowest_answer_s,
        firewall_lease_s=world.firewall.lease_s if world.firewall else None,
        firewall_hears_sidecar=world.firewall.hears_sidecar if world.firewall else True,
    )


def _port(target: Target, world: World) -> Port:
    if world.tls is Tls.PASSTHROUGH:
        return Port(number=target.port, protocol="HTTPS")
    return Port(number=target.port, target=target.port if world.tls is Tls.ORIGINATED else None)


def _least(*limits: float | None) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)


def manifests(target: Target) -> tuple[Source, ...]:
    """ServiceEntry, VirtualService and DestinationRule for the target's host and port."""
    return (Source(name="recommended.yaml", text=recommended(facts_of(target)).yaml),)


def _mesh(target: Target) -> Source | None:
    mesh = recommended(facts_of(target)).mesh
    return None if mesh is None else Source(name="mesh-config.yaml", text=yaml_text(mesh))


POLICY = Policy(manifests=manifests, mesh=_mesh)
