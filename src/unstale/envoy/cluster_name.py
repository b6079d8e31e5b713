"""The names of clusters: how listeners and routes point at them."""

from __future__ import annotations

PASSTHROUGH = "PassthroughCluster"
BLACK_HOLE = "BlackHoleCluster"


def outbound(host: str, port: int, subset: str | None = None) -> str:
    """`outbound|<port>|<subset>|<host>` (CL-1)."""
    return f"outbound|{port}|{subset or ''}|{host}"
