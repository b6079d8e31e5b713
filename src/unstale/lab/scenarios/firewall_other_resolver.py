"""The firewall learns only from the look-ups that it hears, and the sidecar's take another way.

The application asks the resolver that the firewall watches, the sidecar asks the cluster's own. So the sidecar
knows addresses that the firewall never heard of: following DNS does not open the way, only the application's look-ups.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.scenario import FAILS_MANY, FAILS_SOME, HARDLY_FAILS, NOTHING, Scenario, Timing, expected
from unstale.lab.world import Firewall, World


def _world(world: World, timing: Timing) -> World:
    firewall = Firewall(lease_s=timing.lease_s, rejects=True, renews=True, hears_sidecar=False)
    return replace(world, firewall=firewall)


SCENARIO = Scenario(
    world=_world,
    source="Istio, DNS proxying and ServiceEntry resolution DNS: Envoy resolves by itself, apart from the application",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=NOTHING,
        short_lived=HARDLY_FAILS,
        article=FAILS_MANY,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
