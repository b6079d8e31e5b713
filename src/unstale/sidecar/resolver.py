"""One resolver for all clusters, where istiod gives each its own.

A resolver has sockets, and all clusters look their names up at once when they are new: at 10,000 hosts with two ports
more than 20,000 files are open at a time, and Envoy aborts where that is the limit. The shared one is set up as istiod
sets up each of them, so that what is asked, and when, stays the same.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

SHARED: Json = {
    "name": "envoy.network.dns_resolver.cares",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
        "udp_max_queries": 100,
    },
}
"""What goes into the bootstrap for clusters that name no resolver."""


def with_shared_resolver(cluster: Json) -> Json:
    """The cluster without a resolver of its own, if that is set up as the shared one."""
    if cluster.get("typed_dns_resolver_config") != SHARED:
        return cluster
    return {key: value for key, value in cluster.items() if key != "typed_dns_resolver_config"}
