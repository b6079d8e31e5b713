"""What one resource has to do with others: those Envoy will ask for because of it, and the address it takes.

Envoy subscribes to endpoints and routes by name, and only once a cluster or a listener refers to them. Whoever wants to
know that a configuration is in force must know what to wait for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def endpoints_of(cluster: dict[str, Any]) -> tuple[str, ...]:
    """The name under which an EDS cluster asks for its endpoints; () for the other kinds."""
    if cluster.get("type") != "EDS":
        return ()
    return (cluster.get("eds_cluster_config", {}).get("service_name") or cluster["name"],)


def routes_of(listener: dict[str, Any]) -> tuple[str, ...]:
    """The route configurations that the listener's HTTP connection managers ask for, in order, each once."""
    return tuple(dict.fromkeys(_route_names(listener)))


def address_of(listener: dict[str, Any]) -> str:
    """Where a listener listens, in a form that is equal for equal addresses."""
    return json.dumps(listener.get("address", {}), sort_keys=True)


def _route_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "rds" and isinstance(inner, dict) and "route_config_name" in inner:
                yield inner["route_config_name"]
            else:
                yield from _route_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _route_names(inner)
