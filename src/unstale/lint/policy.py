"""The traffic policy that holds on one port, with the places where its parts are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unstale.envoy.destination_rules import Rule
from unstale.envoy.service import Service
from unstale.istio.destination_rule import (
    ClientTLSSettings,
    ConnectionPoolSettings,
    DestinationRule,
    HTTPSettings,
    OutlierDetection,
    PortTrafficPolicy,
    TCPSettings,
    TLSmode,
    TrafficPolicy,
)
from unstale.model.origin import Origin

_NO_TCP, _NO_HTTP = TCPSettings(), HTTPSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`rule` is None where no DestinationRule holds; `traffic` is that of the port (SC-9)."""

    service: Service
    number: int
    rule: Rule | None
    traffic: TrafficPolicy

    @property
    def place(self) -> Origin | None:
        """Where the rule is."""
        return self.rule.origins[0] if self.rule else None

    @property
    def pool(self) -> ConnectionPoolSettings | None:
        """The connection pool, if any is written."""
        return self.traffic.connection_pool

    @property
    def tcp(self) -> TCPSettings:
        """Its TCP half, empty where there is none."""
        return (self.pool and self.pool.tcp) or _NO_TCP

    @property
    def http(self) -> HTTPSettings:
        """Its HTTP half, empty where there is none."""
        return (self.pool and self.pool.http) or _NO_HTTP

    @property
    def tls(self) -> ClientTLSSettings | None:
        """TLS that the proxy originates, None where it does not."""
        tls = self.traffic.tls
        return tls if tls is not None and tls.mode not in (None, TLSmode.DISABLE) else None

    @property
    def is_hashed(self) -> bool:
        """Requests stick to an endpoint."""
        balancer = self.traffic.load_balancer
        return balancer is not None and balancer.consistent_hash is not None

    @property
    def subset_pools(self) -> Iterator[ConnectionPoolSettings]:
        """The pools that subsets have of their own."""
        for subset in self.rule.subsets if self.rule else ():
            if subset.traffic_policy is not None and subset.traffic_policy.connection_pool is not None:
                yield subset.traffic_policy.connection_pool


def blocks_of(rule: DestinationRule) -> Iterator[tuple[str, TrafficPolicy | PortTrafficPolicy]]:
    """All policies in an object and what they are for: the host, a port, a subset."""
    if rule.traffic_policy is not None:
        yield "", rule.traffic_policy
        for entry in rule.traffic_policy.port_level_settings:
            yield f"port {entry.port}", entry
    for subset in rule.subsets:
        if subset.traffic_policy is not None:
            yield f"subset {subset.name}", subset.traffic_policy
            for entry in subset.traffic_policy.port_level_settings:
                yield f"subset {subset.name}, port {entry.port}", entry


def outlier_blocks(rule: DestinationRule) -> Iterator[OutlierDetection]:
    """All outlier detections in an object."""
    for _, block in blocks_of(rule):
        if block.outlier_detection is not None:
            yield block.outlier_detection
