"""What Istio tells objects of one kind apart by: their age where two compete, their path where one is named."""

from __future__ import annotations

from unstale.istio.metadata import Metadata


def age(metadata: Metadata) -> tuple[bool, str]:
    """Sorts the oldest first; what the API server has not seen yet is younger than anything dated (SC-1)."""
    return (metadata.creation_timestamp is None, metadata.creation_timestamp or "")


def config_path(kind: str, namespace: str, name: str) -> str:
    """How Istio marks which object configured something (CL-9, RT-18)."""
    return f"/apis/networking.istio.io/v1/namespaces/{namespace}/{kind}/{name}"
