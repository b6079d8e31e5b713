"""Which places in the manifests a refusal of Envoy's is about.

Envoy names a resource, sometimes a part of it, sometimes only the number of a virtual host; a user wrote none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from unstale.envoy.resource import Kind, Resource, Resources
from unstale.model.origin import Origin
from unstale.sidecar.outcome import Rejected
from unstale.sidecar.xds.messages import Refused
from unstale.sidecar.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, NOUNS, ROUTE

KINDS: Mapping[str, Kind] = MappingProxyType(
    {CLUSTER: Kind.CLUSTER, ENDPOINT: Kind.ENDPOINT, LISTENER: Kind.LISTENER, ROUTE: Kind.ROUTE}
)

_VIRTUAL_HOST = re.compile(r"RouteConfigurationValidationError\.VirtualHosts\[(\d+)\]")


def blamed(resources: Resources, type_url: str, names: Iterable[str], reason: str) -> tuple[Origin, ...]:
    """The origins of the named resources, or of the part of them that the reason points at; each once."""
    found: dict[Origin, None] = {}
    for name in names:
        resource = resources.find(KINDS[type_url], name) if type_url in KINDS else None
        if resource is not None:
            found.update(dict.fromkeys(_origins(resource, reason)))
    return tuple(found)


def rejected(refused: Refused, resources: Resources) -> Rejected:
    """What Envoy said of `resources`, in the words of who wrote the manifests."""
    return Rejected(
        reason=refused.reason,
        noun=NOUNS.get(refused.type_url, refused.type_url or "configuration"),
        resources=refused.names,
        origins=blamed(resources, refused.type_url, refused.names, refused.reason),
    )


def _origins(resource: Resource, reason: str) -> tuple[Origin, ...]:
    numbered = _VIRTUAL_HOST.search(reason)
    hosts = resource.value.get("virtual_hosts", ())
    if numbered and int(numbered[1]) < len(hosts):
        part = resource.parts.get(hosts[int(numbered[1])]["name"], ())
        if part:
            return part
    return resource.origins_named_in(reason)
