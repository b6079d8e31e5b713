"""The bootstrap of the local Envoy: who it is, where its configuration comes from, and how its own sockets are marked.

Everything else arrives over delta ADS, so that one stream orders clusters, endpoints, listeners and routes. The admin
interface and the ADS server are unix sockets in a private folder: what has no TCP port cannot be reached from outside,
nor by the application beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unstale.istio.proxy_config import ProxyStatsMatcher
from unstale.model.errors import InputError
from unstale.sidecar.statistics import stats_config

MARK = 1337
"""What tells Envoy's own packets from the application's; Istio uses the same number for its user id."""

ADS_CLUSTER = "xds-grpc"

_INTERNAL = {
    "name": "envoy.bootstrap.internal_listener",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener"},
}
_RUNTIME = {
    # A path with a fragment is taken, and the fragment cut off, where Envoy alone answers 400.
    "envoy.reloadable_features.http_reject_path_with_fragment": False,
    "re2.max_program_size.error_level": "32768",
}
"""Where Istio's own bootstrap has another default than Envoy (pkg/bootstrap/config.go, extractRuntimeFlags)."""

_SOL_SOCKET = 1
_SO_MARK = 36
_PRIVATE = 0o600
_LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """How Envoy introduces itself; the id has the form that istiod expects of a sidecar."""

    ip_address: str = "127.0.0.1"
    name: str = "unstale"
    namespace: str = "default"
    cluster: str = "unstale"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"sidecar~{self.ip_address}~{self.name}.{self.namespace}~{self.namespace}.svc.cluster.local"


def ads_socket(folder: Path) -> Path:
    """Where the ADS server listens."""
    return _short(folder / "xds.sock")


def admin_socket(folder: Path) -> Path:
    """Where Envoy's admin interface listens."""
    return _short(folder / "admin.sock")


def bootstrap(
    *,
    folder: Path,
    node: Node,
    mark: int | None,
    has_internal: bool = False,
    resolver: dict[str, Any] | None = None,
    statistics: ProxyStatsMatcher | None = None,
) -> dict[str, Any]:
    """Envoy's bootstrap configuration as JSON.

    `mark` is set on every upstream socket of every cluster, which needs CAP_NET_ADMIN over the network namespace; None
    leaves the sockets alone, for a sidecar whose traffic is not captured. `has_internal` allows listeners that only
    Envoy itself connects to; `resolver` is that of clusters which name none. `statistics` names what is counted besides
    the usual.

    Raises InputError where the folder's path is too long for a unix socket.
    """
    return {
        "node": {"id": node.id, "cluster": node.cluster, "metadata": dict(node.metadata)},
        "admin": {
            "address": {"pipe": {"path": str(admin_socket(folder)), "mode": _PRIVATE}},
            "ignore_global_conn_limit": True,
        },
        "dynamic_resources": {
            "ads_config": _ads_config(),
            "cds_config": _from_ads(),
            "lds_config": _from_ads(),
        },
        "static_resources": {"clusters": [_ads_cluster(folder)]},
        "stats_config": stats_config(statistics),
        "cluster_manager": {"upstream_bind_config": marked(mark)} if mark is not None else {},
        "layered_runtime": {
            "layers": [{"name": "pod", "static_layer": _RUNTIME}, {"name": "admin", "admin_layer": {}}]
        },
        **({"bootstrap_extensions": [_INTERNAL]} if has_internal else {}),
        **({"typed_dns_resolver_config": resolver} if resolver else {}),
    }


def _ads_config() -> dict[str, Any]:
    # A lost stream is taken up again at once: the server is this very program, there is no crowd to protect it from.
    back_off = {"base_interval": "0.1s", "max_interval": "1s"}
    return {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "set_node_on_first_message_only": True,
        "grpc_services": [{"envoy_grpc": {"cluster_name": ADS_CLUSTER, "retry_policy": {"retry_back_off": back_off}}}],
    }


def _from_ads() -> dict[str, Any]:
    return {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}


def _ads_cluster(folder: Path) -> dict[str, Any]:
    address = {"pipe": {"path": str(ads_socket(folder))}}
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": ADS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": ADS_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def marked(mark: int) -> dict[str, Any]:
    """The bind configuration whose sockets carry a mark."""
    option = {
        "description": "exempt from traffic capture",
        "level": _SOL_SOCKET,
        "name": _SO_MARK,
        "int_value": mark,
        "state": "STATE_PREBIND",
    }
    return {"socket_options": [option]}


def _short(path: Path) -> Path:
    if len(str(path).encode()) >= _LONGEST_SOCKET_PATH:
        raise InputError(
            f"{path.parent}: the path is too long for a unix socket ({len(str(path))} characters). "
            f"Choose a folder that leaves {path.name} under {_LONGEST_SOCKET_PATH}."
        )
    return path
