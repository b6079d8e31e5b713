"""Which names the rules want to know DNS's answer for."""

from __future__ import annotations

from unstale.istio.manifests import Manifests
from unstale.istio.service_entry import Resolution
from unstale.lint.host_port import is_inside, is_name


def dns_names(manifests: Manifests) -> tuple[str, ...]:
    """Names that the proxy looks up, and hosts whose addresses are written down, each once and in lower case."""
    found: dict[str, None] = {}
    for entry in manifests.service_entries:
        if entry.resolution in (None, Resolution.NONE, Resolution.DYNAMIC_DNS):
            continue
        names = list(entry.hosts)
        if entry.resolution is not Resolution.STATIC and entry.endpoints:
            names = [endpoint.address or "" for endpoint in entry.endpoints]
        found.update((name.lower(), None) for name in names if is_name(name) and not name.startswith("*"))
    return tuple(name for name in found if not is_inside(name))
