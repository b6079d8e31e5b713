"""The recommended policy: from what is known of a host to the manifests that end the failure.

A pure function, so the same facts give the same text, and the lab runs exactly what `unstale fix` prints. The figures
are points of a search in the lab; see docs/tune.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.parts.connection_settings import mesh_config
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.parts.envoy_filter import envoy_filter
from unstale.remedy.parts.service_entry import service_entry
from unstale.remedy.parts.virtual_service import virtual_service
from unstale.remedy.writing import json_documents, yaml_documents


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedPolicy:
    """The objects in the order in which they are to be applied; `mesh` is to be merged into MeshConfig, where it is."""

    manifests: tuple[Manifest, ...]
    mesh: Manifest | None = None

    @property
    def yaml(self) -> str:
        """What `kubectl apply -f -` reads, each field with its reason as a comment."""
        return yaml_documents(self.manifests)

    @property
    def json(self) -> str:
        """The same as JSON, which has no comments."""
        return json_documents(self.manifests)


def recommended(facts: HostFacts) -> RecommendedPolicy:
    """ServiceEntry, VirtualService, DestinationRule, and an EnvoyFilter where one is needed or asked for."""
    found = (service_entry(facts), virtual_service(facts), destination_rule(facts), envoy_filter(facts))
    return RecommendedPolicy(manifests=tuple(manifest for manifest in found if manifest is not None), mesh=_mesh(facts))


def _mesh(facts: HostFacts) -> Manifest | None:
    """A firewall that hears only the application's look-ups lets through what the application asked for lately.

    So its connections must end, and no object for one host can end them (Istio 1.31 or newer for the field).
    """
    if facts.firewall_hears_sidecar or not facts.has_connection_settings:
        return None
    return mesh_config(facts.ttl_s)
