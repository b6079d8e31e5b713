"""The one sidecar that the configuration is for: where it runs and what it said about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import ip_address

from unstale.envoy.topology import REGION, SUB_ZONE, ZONE, locality_label, with_topology
from unstale.istio.duration import Duration
from unstale.istio.proxy_config import ProxyConfig

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
    proxy_config: ProxyConfig | None = None

    @property
    def dns_domain(self) -> str:
        """Where Kubernetes looks for short names first."""
        return f"{self.namespace}.svc.{CLUSTER_DOMAIN}"

    @property
    def wildcard_address(self) -> str:
        """What listeners without an address of their own bind to."""
        return self.wildcard_addresses[0]

    @property
    def wildcard_addresses(self) -> tuple[str, ...]:
        """Of both families for a pod that has both, the older one first."""
        return _by_family(self.ip_addresses, "0.0.0.0", "::")

    @property
    def local_addresses(self) -> tuple[str, ...]:
        """What listeners bind to that only the application in the pod is to reach."""
        return _by_family(self.ip_addresses, "127.0.0.1", "::1")

    @property
    def ip_versions(self) -> frozenset[int]:
        """4, 6 or both."""
        return _ip_versions(self.ip_addresses)

    @property
    def is_intercepted(self) -> bool:
        """The application's connections are redirected; without that it must call the proxy's own ports."""
        return self.metadata.get("INTERCEPTION_MODE", "") != "NONE"

    @property
    def is_unprivileged(self) -> bool:
        """The pod may not open ports below 1024."""
        return is_true(self.metadata.get("UNPRIVILEGED_POD", ""))

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

    @property
    def captures_dns(self) -> bool:
        """The pod's look-ups are answered by Istio, so hosts may have addresses that only the mesh knows (SE-9)."""
        return is_true(self.metadata.get("DNS_CAPTURE", ""))

    def with_topology(self) -> Proxy:
        """The same as the control plane sees it: labels may say where the pod is, and where it is becomes labels."""
        region, zone, sub_zone = (self.labels.get(name, "") for name in (REGION, ZONE, SUB_ZONE))
        labelled = f"{region}/{zone}/{sub_zone}" if region or zone or sub_zone else locality_label(self.labels)
        locality = labelled or self.locality
        labels = with_topology(
            self.labels, locality=locality, cluster=self.cluster_id, network=self.metadata.get("NETWORK", "")
        )
        return replace(self, locality=locality, labels=labels)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """The pod carries all of these labels."""
        return all(self.labels.get(name) == value for name, value in labels.items())


@lru_cache(maxsize=8)
def _ip_versions(addresses: tuple[str, ...]) -> frozenset[int]:
    """Asked for every cluster and listener of one proxy."""
    return frozenset(ip_address(address).version for address in addresses)


@lru_cache(maxsize=8)
def _by_family(addresses: tuple[str, ...], older: str, newer: str) -> tuple[str, ...]:
    versions = _ip_versions(addresses)
    return tuple(text for version, text in ((4, older), (6, newer)) if version in versions) or (older,)


def is_true(text: str) -> bool:
    """A flag of the node metadata."""
    return text in ("1", "t", "T", "true", "TRUE", "True")
