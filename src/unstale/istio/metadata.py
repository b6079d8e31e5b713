"""Kubernetes' object metadata, as far as Istio looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstale.istio.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata(Message):
    """Name and namespace (`default` where none is written), labels and annotations.

    `creation_timestamp` is RFC 3339 text as written, None for an object that the API server has not seen yet.
    """

    name: str = ""
    namespace: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    creation_timestamp: str | None = None
