"""Gateways and how VirtualServices name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.envoy.virtual_services import MESH_GATEWAY
from unstale.istio.kinds import GROUP
from unstale.istio.virtual_service import VirtualService
from unstale.lint.surroundings import Neighbour
from unstale.lint.view import View


def gateways(view: View) -> Mapping[str, Neighbour]:
    """Istio's own Gateways by `namespace/name`."""
    return {
        f"{one.namespace}/{one.name}": one
        for one in view.surroundings.of("Gateway")
        if one.version.startswith(f"{GROUP}/")
    }


def gateway_names(spec: VirtualService) -> Iterator[tuple[int, str]]:
    """Place in the list and `namespace/name` of each gateway but the mesh."""
    for at, name in enumerate(spec.gateways):
        if name == MESH_GATEWAY:
            continue
        if "/" in name:
            namespace, _, own = name.partition("/")
            yield at, f"{spec.metadata.namespace if namespace == '.' else namespace}/{own}"
        elif "." in name:
            own, namespace = name.split(".")[:2]
            yield at, f"{namespace}/{own}"
        else:
            yield at, f"{spec.metadata.namespace}/{name}"
