"""The mesh upgrades to HTTP/2 (`h2UpgradePolicy: UPGRADE`), and the server knows HTTP/1.1 only.

A setting for all services of the mesh that is wrong for one outside of it. As soon as a ServiceEntry makes the host
known, the sidecar speaks HTTP/2 to it and every request fails; while it is unknown, passthrough repeats what the
application spoke. So declaring the host, which cures so much, is what breaks it here, unless its DestinationRule says
`h2UpgradePolicy: DO_NOT_UPGRADE`.
"""

from __future__ import annotations

from unstale.lab.mesh import with_mesh
from unstale.lab.scenario import FAILS_MANY, NOTHING, Scenario, expected

SCENARIO = Scenario(
    setting=lambda setting: with_mesh(setting, {"h2UpgradePolicy": "UPGRADE"}),
    source="Istio, MeshConfig.h2UpgradePolicy; RFC 9113, 3.3: prior knowledge that is wrong",
    expects=expected(
        none=NOTHING,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=FAILS_MANY,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
