"""The recommended policy: from what is known of a host to the manifests that end the failure.

A pure function, so the same facts give the same text, and the lab runs exactly what `unstale fix` prints. The figures
are points of a search in the lab; see docs/tune.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.parts.envoy_filter import envoy_filter
from unstale.remedy.parts.service_entry import service_entry
from unstale.remedy.parts.virtual_service import virtual_service
from unstale.remedy.writing import json_documents, yaml_documents


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedPolicy:
    """The objects in the order in which they are to be applied."""

    manifests: tuple[Manifest, ...]

    @property
    def yaml(self) -> str:
        """What `kubectl apply -f -` reads, each field with its reason as a comment."""
        return yaml_documents(self.manifests)

    @property
    def json(self) -> str:
        """The same as JSON, which has no comments."""
        return json_documents(self.manifests)


def recommended(facts: HostFacts) -> RecommendedPolicy:
    """ServiceEntry, VirtualService, DestinationRule, and an EnvoyFilter for what these have no field for."""
    found = (service_entry(facts), virtual_service(facts), destination_rule(facts), envoy_filter(facts))
    return RecommendedPolicy(manifests=tuple(manifest for manifest in found if manifest is not None))
