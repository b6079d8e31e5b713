"""The hosts that manifests declare, as the diagnosis needs them."""

from __future__ import annotations

from unstale.diagnosis.background import DeclaredHost
from unstale.istio.manifests import Manifests
from unstale.istio.service_entry import Resolution


def declared_hosts(manifests: Manifests) -> tuple[DeclaredHost, ...]:
    """Every host of every ServiceEntry, with its resolution and place."""
    return tuple(
        DeclaredHost(host=host, resolution=(entry.resolution or Resolution.NONE).value, place=str(entry.origin))
        for entry in manifests.service_entries
        for host in entry.hosts
    )
