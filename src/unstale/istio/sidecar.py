"""Sidecar: what of the mesh one proxy sees, and where it listens for it.

Names and meaning follow istio/api, `networking/v1alpha3/sidecar.proto`; `ServerTLSSettings` is of `gateway.proto`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from unstale.istio.destination_rule import ConnectionPoolSettings
from unstale.istio.message import Message
from unstale.istio.metadata import Metadata
from unstale.istio.service_entry import WorkloadSelector
from unstale.istio.virtual_service import Destination


class CaptureMode(StrEnum):
    """How traffic comes to a listener: by the pod's own iptables rules or not; unset means DEFAULT."""

    DEFAULT = "DEFAULT"
    IPTABLES = "IPTABLES"
    NONE = "NONE"


class OutboundTrafficPolicyMode(StrEnum):
    """What becomes of traffic to unknown hosts; a policy without a mode means REGISTRY_ONLY."""

    REGISTRY_ONLY = "REGISTRY_ONLY"
    ALLOW_ANY = "ALLOW_ANY"


class ServerTLSmode(StrEnum):
    """TLS that a listener ends; unset means PASSTHROUGH."""

    PASSTHROUGH = "PASSTHROUGH"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    AUTO_PASSTHROUGH = "AUTO_PASSTHROUGH"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"
    OPTIONAL_MUTUAL = "OPTIONAL_MUTUAL"


class ServerTLSProtocol(StrEnum):
    """A version of TLS; unset means TLS_AUTO."""

    TLS_AUTO = "TLS_AUTO"
    TLSV1_0 = "TLSV1_0"
    TLSV1_1 = "TLSV1_1"
    TLSV1_2 = "TLSV1_2"
    TLSV1_3 = "TLSV1_3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarPort(Message):
    """A port to listen on; `protocol` is kept as written, and no number means 0."""

    number: int | None = None
    protocol: str | None = None
    name: str | None = None
    target_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioEgressListener(Message):
    """Hosts (`namespace/dnsName`) that can be reached, on one port or on all that no other listener has."""

    port: SidecarPort | None = None
    bind: str | None = None
    capture_mode: CaptureMode | None = None
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSCertificate(Message):
    """Files of one certificate."""

    server_certificate: str | None = None
    private_key: str | None = None
    ca_certificates: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTLSSettings(Message):
    """TLS that a listener ends."""

    https_redirect: bool | None = None
    mode: ServerTLSmode | None = None
    server_certificate: str | None = None
    private_key: str | None = None
    ca_certificates: str | None = None
    ca_crl: str | None = None
    credential_name: str | None = None
    credential_names: tuple[str, ...] = ()
    ca_cert_credential_name: str | None = None
    tls_certificates: tuple[TLSCertificate, ...] = ()
    subject_alt_names: tuple[str, ...] = ()
    verify_certificate_spki: tuple[str, ...] = ()
    verify_certificate_hash: tuple[str, ...] = ()
    min_protocol_version: ServerTLSProtocol | None = None
    max_protocol_version: ServerTLSProtocol | None = None
    cipher_suites: tuple[str, ...] = ()
    ecdh_curves: tuple[str, ...] = ()
    insecure_skip_verify: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioIngressListener(Message):
    """A port of the application, and where its traffic comes in."""

    port: SidecarPort | None = None
    bind: str | None = None
    capture_mode: CaptureMode | None = None
    default_endpoint: str | None = None
    tls: ServerTLSSettings | None = None
    connection_pool: ConnectionPoolSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundTrafficPolicy(Message):
    """Traffic to hosts that are not in scope."""

    mode: OutboundTrafficPolicyMode | None = None
    egress_proxy: Destination | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar(Message):
    """A Sidecar object."""

    metadata: Metadata = field(default_factory=Metadata)
    workload_selector: WorkloadSelector | None = None
    ingress: tuple[IstioIngressListener, ...] = ()
    egress: tuple[IstioEgressListener, ...] = ()
    inbound_connection_pool: ConnectionPoolSettings | None = None
    outbound_traffic_policy: OutboundTrafficPolicy | None = None
