"""MeshConfig: an age at which sidecars end the application's connections, for all hosts at once.

Without a ServiceEntry the application's own look-up decides where a connection goes, so it must come to look again. A
connection should end about once a time to live: earlier costs handshakes, later costs failures.
"""

from __future__ import annotations

from unstale.remedy.manifest import Because, Manifest, seconds

USUAL_AGE_S = 60.0
"""The time to live of common load balancers' names (AWS Elastic Load Balancing)."""


def mesh_config(ttl_s: float | None) -> Manifest:
    """The settings to merge into MeshConfig; `connectionSettings` need Istio 1.31 or newer."""
    age_s = USUAL_AGE_S if ttl_s is None else max(1.0, ttl_s)
    return {
        "defaultConfig": {
            "connectionSettings": {
                "httpMaxConnectionDuration": Because(
                    seconds(age_s), "about a time to live: then the application connects anew and looks the host up"
                ),
            }
        }
    }
