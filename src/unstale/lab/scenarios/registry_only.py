"""The mesh lets out only what it knows: `outboundTrafficPolicy: REGISTRY_ONLY`, and nobody declared the host.

The sidecar answers 502 by itself and nothing goes upstream (for TLS it takes the connection to BlackHoleCluster). A
policy that declares the host in a ServiceEntry works, whatever else it does; one that does not cannot.
"""

from __future__ import annotations

from unstale.lab.mesh import with_mesh
from unstale.lab.scenario import FAILS_MANY, NOTHING, Scenario, expected

SCENARIO = Scenario(
    setting=lambda setting: with_mesh(setting, {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}),
    source="Istio, MeshConfig.OutboundTrafficPolicy: REGISTRY_ONLY",
    expects=expected(
        none=FAILS_MANY,
        fresh_dns=FAILS_MANY,
        short_lived=FAILS_MANY,
        article=NOTHING,
        mesh_max_age=FAILS_MANY,
        recommended=NOTHING,
    ),
)
