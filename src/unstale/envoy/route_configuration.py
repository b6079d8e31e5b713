"""The frame of a route configuration (RT-1)."""

from __future__ import annotations

from collections.abc import Sequence

from unstale.envoy.resource import Json


def route_configuration(name: str, virtual_hosts: Sequence[Json]) -> Json:
    """The first virtual host whose domains are closest to the request's host is taken."""
    return {
        "name": name,
        "virtual_hosts": list(virtual_hosts),
        "validate_clusters": False,
        "ignore_port_in_host_matching": True,
        "max_direct_response_body_size_bytes": 1048576,
    }
