"""EnvoyFilter: patches to what the control plane makes.

Names and meaning follow istio/api, `networking/v1alpha3/envoy_filter.proto`. The value of a patch is plain JSON in
either of protobuf's spellings; what Envoy's types make of it is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from unstale.istio.message import Message
from unstale.istio.metadata import Metadata
from unstale.istio.service_entry import WorkloadSelector


class ApplyTo(StrEnum):
    """The kind of object that a patch changes."""

    INVALID = "INVALID"
    LISTENER = "LISTENER"
    FILTER_CHAIN = "FILTER_CHAIN"
    NETWORK_FILTER = "NETWORK_FILTER"
    HTTP_FILTER = "HTTP_FILTER"
    ROUTE_CONFIGURATION = "ROUTE_CONFIGURATION"
    VIRTUAL_HOST = "VIRTUAL_HOST"
    HTTP_ROUTE = "HTTP_ROUTE"
    CLUSTER = "CLUSTER"
    EXTENSION_CONFIG = "EXTENSION_CONFIG"
    BOOTSTRAP = "BOOTSTRAP"
    LISTENER_FILTER = "LISTENER_FILTER"


class PatchContext(StrEnum):
    """Where the object is; unset means ANY."""

    ANY = "ANY"
    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    GATEWAY = "GATEWAY"
    WAYPOINT = "WAYPOINT"


class PatchOperation(StrEnum):
    """How a patch changes it."""

    INVALID = "INVALID"
    MERGE = "MERGE"
    ADD = "ADD"
    REMOVE = "REMOVE"
    INSERT_BEFORE = "INSERT_BEFORE"
    INSERT_AFTER = "INSERT_AFTER"
    INSERT_FIRST = "INSERT_FIRST"
    REPLACE = "REPLACE"
    MERGE_AND_REPLACE_LIST = "MERGE_AND_REPLACE_LIST"


class FilterClass(StrEnum):
    """Behind which of Istio's filters an added one stands."""

    UNSPECIFIED = "UNSPECIFIED"
    AUTHN = "AUTHN"
    AUTHZ = "AUTHZ"
    STATS = "STATS"


class RouteAction(StrEnum):
    """What a route does; unset means ANY."""

    ANY = "ANY"
    ROUTE = "ROUTE"
    REDIRECT = "REDIRECT"
    DIRECT_RESPONSE = "DIRECT_RESPONSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyMatch(Message):
    """`proxy_version` is a regular expression (RE2), searched in the version."""

    proxy_version: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubFilterMatch(Message):
    """A filter inside of a filter."""

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterMatch(Message):
    """A network filter."""

    name: str | None = None
    sub_filter: SubFilterMatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChainMatch(Message):
    """A filter chain; `application_protocols` is one text with commas."""

    name: str | None = None
    sni: str | None = None
    transport_protocol: str | None = None
    transport_socket: str | None = None
    application_protocols: str | None = None
    filter: FilterMatch | None = None
    destination_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerMatch(Message):
    """A listener."""

    port_number: int | None = None
    port_name: str | None = None
    filter_chain: FilterChainMatch | None = None
    listener_filter: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch(Message):
    """A route."""

    name: str | None = None
    action: RouteAction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualHostMatch(Message):
    """A virtual host."""

    name: str | None = None
    domain_name: str | None = None
    route: RouteMatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteConfigurationMatch(Message):
    """A route configuration."""

    port_number: int | None = None
    port_name: str | None = None
    gateway: str | None = None
    vhost: VirtualHostMatch | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMatch(Message):
    """A cluster."""

    port_number: int | None = None
    service: str | None = None
    subset: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaypointRouteMatch(Message):
    """A route of a waypoint."""

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaypointMatch(Message):
    """An object of a waypoint."""

    port_number: int | None = None
    filter: FilterMatch | None = None
    route: WaypointRouteMatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyConfigObjectMatch(Message):
    """The objects that a patch is for; at most one of the last four is set."""

    context: PatchContext | None = None
    proxy: ProxyMatch | None = None
    listener: ListenerMatch | None = None
    route_configuration: RouteConfigurationMatch | None = None
    cluster: ClusterMatch | None = None
    waypoint: WaypointMatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch(Message):
    """The change; `origin_of(patch, "value.a[0].b")` is the place of a value inside, by the names as written."""

    operation: PatchOperation | None = None
    value: Mapping[str, Any] | None = None
    filter_class: FilterClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyConfigObjectPatch(Message):
    """One change to all objects that match."""

    apply_to: ApplyTo | None = None
    match: EnvoyConfigObjectMatch | None = None
    patch: Patch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTargetReference(Message):
    """A gateway or service that the filter is for, in place of a selector."""

    group: str | None = None
    kind: str = ""
    name: str = ""
    namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyFilter(Message):
    """An EnvoyFilter object."""

    metadata: Metadata = field(default_factory=Metadata)
    workload_selector: WorkloadSelector | None = None
    target_refs: tuple[PolicyTargetReference, ...] = ()
    config_patches: tuple[EnvoyConfigObjectPatch, ...] = ()
    priority: int | None = None
