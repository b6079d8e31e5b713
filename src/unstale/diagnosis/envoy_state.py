"""Envoy's own words about its clusters, from the texts of /stats, /clusters and /config_dump.

/stats is read as text, as JSON (`?format=json`) and as Prometheus metrics; /clusters as text and as JSON. Lines about
anything but clusters are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from unstale.diagnosis.background import ClusterState
from unstale.envoy.resource import Resources
from unstale.model.errors import InputError

_STAT = re.compile(
    r"cluster\.(?P<cluster>.+?)\.(?P<name>(?:upstream_|membership_|update_|ssl\.|outlier_|lb_|circuit_)\S*?)"
    r": (?P<value>\d+)\Z"
)
_METRIC = re.compile(r'envoy_cluster_(?P<name>\w+)\{[^}]*cluster_name="(?P<cluster>[^"]+)"[^}]*\} (?P<value>\d+)\Z')
_HOST = re.compile(
    r"(?P<cluster>.+?)::(?P<address>(?:\d{1,3}(?:\.\d{1,3}){3}|\[[^\]]+\]|envoy://\S+?):\d+)::health_flags::(?P<flags>\S+)\Z"
)
_CLUSTER = re.compile(r"(?P<cluster>.+?)::(?:observability_name|added_via_api)::")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s\Z")
_DOTTED = ("ssl_", "outlier_detection_")


def with_stats(states: Mapping[str, ClusterState], text: str, *, source: str) -> dict[str, ClusterState]:
    """The states with the counters of /stats. Raises InputError naming `source` where none is in the text."""
    found = dict(states)
    counted = 0
    for cluster, name, value in _stats(text):
        state = found.get(cluster, ClusterState(name=cluster))
        found[cluster] = replace(state, counters={**state.counters, name: value})
        counted += 1
    if not counted:
        raise InputError(f"{source}: no counter of a cluster in it. Save it from Envoy's /stats, as text or JSON.")
    return found


def with_clusters(states: Mapping[str, ClusterState], text: str, *, source: str) -> dict[str, ClusterState]:
    """The states with the endpoints of /clusters. Raises InputError naming `source` where none is in the text."""
    listed = _clusters_json(text) if text.lstrip().startswith("{") else _clusters_text(text)
    if not listed:
        raise InputError(f"{source}: no cluster in it. Save it from Envoy's /clusters, as text or JSON.")
    found = dict(states)
    for cluster, endpoints in listed.items():
        found[cluster] = replace(found.get(cluster, ClusterState(name=cluster)), endpoints=endpoints)
    return found


def with_configuration(states: Mapping[str, ClusterState], resources: Resources) -> dict[str, ClusterState]:
    """The states with type, idle and connect time-out of a configuration."""
    found = dict(states)
    for resource in resources.clusters:
        value: Any = resource.value
        state = found.get(resource.name, ClusterState(name=resource.name))
        options = value.get("typed_extension_protocol_options") or {}
        http = options.get("envoy.extensions.upstreams.http.v3.HttpProtocolOptions") or {}
        found[resource.name] = replace(
            state,
            kind=value.get("type", "STATIC"),
            idle_timeout_s=_seconds((http.get("common_http_protocol_options") or {}).get("idle_timeout"), 3600.0),
            connect_timeout_s=_seconds(value.get("connect_timeout"), 5.0),
        )
    return found


def _stats(text: str) -> Iterable[tuple[str, str, int]]:
    if text.lstrip().startswith("{"):
        yield from _stats_json(text)
        return
    for line in text.splitlines():
        found = _STAT.match(line.strip()) or _METRIC.match(line.strip())
        if found:
            yield found["cluster"], _dotted(found["name"]), int(found["value"])


def _stats_json(text: str) -> Iterable[tuple[str, str, int]]:
    for entry in _parsed(text).get("stats", ()):
        if isinstance(entry, dict) and isinstance(entry.get("value"), int):
            found = _STAT.match(f"{entry.get('name')}: {entry['value']}")
            if found:
                yield found["cluster"], found["name"], entry["value"]


def _dotted(name: str) -> str:
    """Prometheus writes `outlier_detection_ejections_active` for `outlier_detection.ejections_active`."""
    prefix = next((prefix for prefix in _DOTTED if name.startswith(prefix)), "")
    return f"{prefix[:-1]}.{name[len(prefix) :]}" if prefix else name


def _clusters_text(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        named = _CLUSTER.match(line)
        if named:
            found.setdefault(named["cluster"], {})
        host = _HOST.match(line.strip())
        if host:
            found.setdefault(host["cluster"], {})[host["address"]] = host["flags"]
    return found


def _clusters_json(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for status in _parsed(text).get("cluster_statuses", ()):
        hosts: dict[str, str] = {}
        for host in status.get("host_statuses", ()):
            socket = (host.get("address") or {}).get("socket_address") or {}
            if socket:
                health = host.get("health_status") or {}
                failed = [key for key, value in health.items() if value is True]
                hosts[f"{socket.get('address')}:{socket.get('port_value')}"] = "/".join(failed) or "healthy"
        found[str(status.get("name"))] = hosts
    return found


def _parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _seconds(value: object, default: float) -> float:
    """Protobuf's JSON form of a duration, as in `3600s`."""
    found = _DURATION.match(value) if isinstance(value, str) else None
    return float(found.group(1)) if found else default
