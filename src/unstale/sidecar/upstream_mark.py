"""The mark of the sidecar's own sockets, kept where a manifest gives a cluster socket options of its own.

A cluster's `upstream_bind_config` replaces that of the bootstrap as a whole, mark included; unmarked, what the sidecar
sends is captured again and comes back to it for ever. In a real pod the user id tells the two apart.
"""

from __future__ import annotations

from unstale.envoy.resource import Json
from unstale.sidecar.bootstrap import marked

_BIND = "upstream_bind_config"


def with_mark(cluster: Json, mark: int) -> Json:
    """The cluster with the mark among its own socket options; as it is where it has none."""
    if _BIND not in cluster:
        return cluster
    bind = cluster[_BIND]
    options = [*bind.get("socket_options", ()), *marked(mark)["socket_options"]]
    return {**cluster, _BIND: {**bind, "socket_options": options}}
