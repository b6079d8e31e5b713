"""The names of clusters: how listeners and routes point at them."""

from __future__ import annotations

PASSTHROUGH = "PassthroughCluster"
BLACK_HOLE = "BlackHoleCluster"
ANY_HOST = "AllowAnyDynamicDNSCluster"


def outbound(host: str, port: int, subset: str | None = None) -> str:
    """`outbound|<port>|<subset>|<host>` (CL-1)."""
    return f"outbound|{port}|{subset or ''}|{host}"


def mesh_sni(host: str, port: int, subset: str | None = None) -> str:
    """The same in the form of a server name: what the mesh's own TLS asks for."""
    return f"outbound_.{port}_.{subset or ''}_.{host}"
