"""What every object begins with."""

from __future__ import annotations

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest, Value


def object_of(
    kind: str, facts: HostFacts, spec: Value, *, suffix: str = "", group: str = "networking.istio.io/v1"
) -> Manifest:
    """A whole object for the host."""
    metadata = {"name": facts.name + suffix} | ({"namespace": facts.namespace} if facts.namespace else {})
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}
