"""The one sidecar that the configuration is for: where it runs and what it said about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address

from unstale.istio.duration import Duration

CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """`metadata` is the node metadata without the prefix `ISTIO_META_`, `labels` are the pod's.

    `locality` is `region/zone/sub_zone`, or less of it.
    """

    namespace: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    ip_addresses: tuple[str, ...] = ("10.0.0.10",)
    metadata: Mapping[str, str] = field(default_factory=dict)
    cluster_id: str = "Kubernetes"
    locality: str = ""

    @property
    def dns_domain(self) -> str:
        """Where Kubernetes looks for short names first."""
        return f"{self.namespace}.svc.{CLUSTER_DOMAIN}"

    @property
    def wildcard_address(self) -> str:
        """What listeners without an address of their own bind to."""
        return "::" if self.dns_lookup_family == "V6_ONLY" else "0.0.0.0"

    @property
    def additional_wildcard(self) -> str | None:
        """The other family's, for a pod that has both (listeners of hosts only, LI-1)."""
        return "::" if _ip_versions(self.ip_addresses) == {4, 6} else None

    @property
    def dns_lookup_family(self) -> str:
        """V6_ONLY for a pod without an IPv4 address; a dual-stack pod counts as IPv4 (CL-3)."""
        return "V6_ONLY" if _ip_versions(self.ip_addresses) == {6} else "V4_ONLY"

    @property
    def idle_timeout(self) -> Duration | None:
        """From the node metadata; a text that is no duration is ignored."""
        text = self.metadata.get("IDLE_TIMEOUT")
        if text is None:
            return None
        try:
            return Duration.parse(text)
        except ValueError:
            return None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """The pod carries all of these labels."""
        return all(self.labels.get(name) == value for name, value in labels.items())


@lru_cache(maxsize=8)
def _ip_versions(addresses: tuple[str, ...]) -> frozenset[int]:
    """Asked for every cluster and listener of one proxy."""
    return frozenset(ip_address(address).version for address in addresses)
