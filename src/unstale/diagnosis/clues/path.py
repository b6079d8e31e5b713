"""Which way the request went: passthrough or a cluster of its own, within the mesh or out of it, inbound or outbound.

On PassthroughCluster, and on any ORIGINAL_DST cluster, the upstream address is the one that the application dialled:
its own, perhaps old, DNS answer decides. On `outbound|..||host` the proxy's does.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.accesslog.row import Row, cluster_host
from unstale.diagnosis.address import is_auto_allocated, is_mesh_name, is_name, is_private, is_public
from unstale.diagnosis.case import Case, most
from unstale.diagnosis.clue import Clue, Sighting


def _see(case: Case) -> Iterator[Sighting]:
    rows = case.rows
    if not rows:
        return
    yield from _destination(rows)
    if most(row.cluster.startswith("BlackHole") or row.route == "block_all" for row in rows):
        words = (
            "BlackHoleCluster or route block_all: the host is not in the proxy's registry (REGISTRY_ONLY, Sidecar"
            " scope)"
        )
        yield Sighting(clue=Clue.BLACK_HOLE, words=words)
    if most(is_auto_allocated(row.upstream_host) for row in rows):
        words = "the upstream address is one that Istio allocated to a ServiceEntry: nobody listens there"
        yield Sighting(clue=Clue.VIRTUAL_ADDRESS, words=words)
    if most(_is_hbone(row) for row in rows):
        words = "the request went through ambient's tunnel, where a refused connection also shows as a closed one"
        yield Sighting(clue=Clue.HBONE, words=words)
    if most(not row.cluster and not row.upstream_host and "cluster" not in row.absent for row in rows):
        yield Sighting(clue=Clue.NO_CLUSTER, words="no cluster and no upstream host: the request left for nowhere")
        if case.is_opaque and most(is_public(row.downstream_local_address) for row in rows):
            words = "a bare connection to a public address was given no cluster, as REGISTRY_ONLY does with the unknown"
            yield Sighting(clue=Clue.OUTSIDE_WITHOUT_CLUSTER, words=words)


def _destination(rows: tuple[Row, ...]) -> Iterator[Sighting]:
    if most(is_passthrough(row) and _is_outside(row) for row in rows):
        words = (
            "PassthroughCluster: the application's own DNS answer chose the address, and keeps it with the connection"
        )
        yield Sighting(clue=Clue.PASSTHROUGH_EXTERNAL, words=words)
    elif most(is_passthrough(row) and is_private(row.upstream_host) for row in rows):
        words = "PassthroughCluster to a private address: the mesh does not know that it is one of its own"
        yield Sighting(clue=Clue.PASSTHROUGH_PRIVATE, words=words)
    elif most(_is_inbound(row) for row in rows):
        words = "inbound cluster: between the proxy and the application in its own pod"
        yield Sighting(clue=Clue.INBOUND, words=words)
    elif is_resolved_by_proxy(rows):
        words = f"cluster {rows[0].cluster}: a ServiceEntry's, the proxy resolves the name"
        yield Sighting(clue=Clue.EXTERNAL_CLUSTER, words=words)
    elif most(is_mesh_name(cluster_host(row.cluster)) for row in rows):
        yield Sighting(clue=Clue.MESH_SERVICE, words=f"cluster {rows[0].cluster}: a service of the mesh")
    if most(_is_dialled(row) and not is_passthrough(row) and not _is_inbound(row) for row in rows):
        words = "the upstream address is the one the application dialled (a headless service, or resolution NONE)"
        yield Sighting(clue=Clue.ORIGINAL_DESTINATION, words=words)


def is_resolved_by_proxy(rows: tuple[Row, ...]) -> bool:
    """Whether the requests went through a cluster of the host's own, whose name the proxy resolves."""
    return most(_is_external(row) for row in rows)


def is_passthrough(row: Row) -> bool:
    """Whether the request went where the application had dialled, through no cluster of the host's own."""
    return "PassthroughCluster" in row.cluster or row.route == "allow_any"


def _is_outside(row: Row) -> bool:
    """A public address, or a name that is none of the mesh's (its address may be hidden, or private behind a VPN)."""
    if is_public(row.upstream_host):
        return True
    return is_name(row.host) and not is_mesh_name(row.host)


def _is_inbound(row: Row) -> bool:
    return row.cluster.startswith("inbound")


def _is_external(row: Row) -> bool:
    host = cluster_host(row.cluster)
    return row.cluster.startswith("outbound") and is_name(host) and not is_mesh_name(host)


def _is_dialled(row: Row) -> bool:
    return bool(row.upstream_host) and row.upstream_host == row.downstream_local_address


def _is_hbone(row: Row) -> bool:
    return "connect_originate" in row.upstream_host or row.cluster == "connect_originate"


SEE = _see
