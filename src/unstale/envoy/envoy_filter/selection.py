"""Which patches are for one proxy, in which order, and in which form (EF-1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from unstale.envoy.config_object import age
from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.conditions import match_of
from unstale.envoy.envoy_filter.json_form import FormError, Reading
from unstale.envoy.envoy_filter.patch import Applied, Operation, Patch
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Json
from unstale.istio.envoy_filter import EnvoyConfigObjectMatch, EnvoyConfigObjectPatch, EnvoyFilter, ProxyMatch
from unstale.istio.message import origin_of
from unstale.model.problem import Problem, Severity
from unstale.re2.expression import is_found
from unstale.re2.syntax import ExpressionError, compile_expression

_TYPES = {
    "CLUSTER": api.CLUSTER,
    "LISTENER": api.LISTENER,
    "LISTENER_FILTER": api.LISTENER_FILTER,
    "FILTER_CHAIN": api.FILTER_CHAIN,
    "NETWORK_FILTER": api.NETWORK_FILTER,
    "HTTP_FILTER": api.HTTP_FILTER,
    "ROUTE_CONFIGURATION": api.ROUTE_CONFIGURATION,
    "VIRTUAL_HOST": api.VIRTUAL_HOST,
    "HTTP_ROUTE": api.ROUTE,
}
_SHARED = {
    api.LISTENER: ("bind_to_port",),
    api.ROUTE_CONFIGURATION: ("max_direct_response_body_size_bytes", "validate_clusters"),
}
"""Fields that istiod merges into objects which all proxies share (EF-10)."""
_APART = {
    "EXTENSION_CONFIG": (
        "istiod sends it by itself, to filters that ask for it by name (config_discovery). Here nothing answers them: "
        "write typed_config into the filter."
    ),
    "BOOTSTRAP": (
        "It changes what Envoy starts with: the agent in the pod asks for it once, before listeners, routes and "
        "clusters are sent. None of these is changed by it."
    ),
}
"""What goes another way than the resources that are compiled."""
_CONTEXTS = (None, "ANY", "SIDECAR_OUTBOUND")
_PLACEABLE = ("HTTP_FILTER", "NETWORK_FILTER", "HTTP_ROUTE", "LISTENER_FILTER")
_INSERTS = (Operation.INSERT_BEFORE, Operation.INSERT_AFTER, Operation.INSERT_FIRST)
_LONGEST_VERSION = 1024


def select_patches(
    filters: Iterable[EnvoyFilter], proxy: Proxy, root_namespace: str, version: str, applied: Applied
) -> Mapping[str, list[Patch]]:
    """The patches by `applyTo`; `version` is the proxy's own where its metadata has none."""
    ours = [one for one in filters if _is_for(one, proxy, root_namespace)]
    ours.sort(key=lambda one: _order(one, root_namespace))
    patches: dict[str, list[Patch]] = {}
    rank = 0
    for one in ours:
        for entry in one.config_patches:
            if not _is_asked(entry.match, proxy, version):
                continue
            patch = _patch(entry, rank, applied)
            if patch is not None:
                patches.setdefault(str(entry.apply_to), []).append(patch)
                rank += 1
    return patches


def _order(one: EnvoyFilter, root_namespace: str) -> tuple[int, bool, tuple[bool, str], str]:
    metadata = one.metadata
    is_own = metadata.namespace != root_namespace
    return (one.priority or 0, is_own, age(metadata), f"{metadata.name}.{metadata.namespace}")


def _is_for(one: EnvoyFilter, proxy: Proxy, root_namespace: str) -> bool:
    """Target references are about gateways and waypoints only."""
    labels = one.workload_selector.labels if one.workload_selector else {}
    return one.metadata.namespace in (root_namespace, proxy.namespace) and not one.target_refs and proxy.matches(labels)


def _is_asked(match: EnvoyConfigObjectMatch | None, proxy: Proxy, version: str) -> bool:
    if match is None:
        return True
    if match.context not in _CONTEXTS:
        return False
    return match.proxy is None or _is_proxy(match.proxy, proxy, proxy.metadata.get("ISTIO_VERSION", version))


def _is_proxy(wanted: ProxyMatch, proxy: Proxy, version: str) -> bool:
    """Istio searches the expression in the version; one it cannot compile finds nothing."""
    pattern = wanted.proxy_version or ""
    if len(pattern) > _LONGEST_VERSION:
        return False
    try:
        is_asked = not pattern or is_found(compile_expression(pattern), version)
    except ExpressionError:
        return False
    return is_asked and all(proxy.metadata.get(name) == value for name, value in wanted.metadata.items())


def _patch(entry: EnvoyConfigObjectPatch, rank: int, applied: Applied) -> Patch | None:
    """None for what is not on the outbound path and for a value that Envoy's type does not take."""
    apply_to = str(entry.apply_to)
    if apply_to not in _TYPES:
        consequence = _APART.get(apply_to, "It is not part of what is sent for the outbound path.")
        _warn(applied, entry, f"applyTo {apply_to} is not applied", consequence)
        return None
    if entry.patch is None or entry.patch.operation is None:
        return None
    value = _value(entry, _TYPES[apply_to], applied)
    if value is None:
        return None
    operation = Operation(str(entry.patch.operation))
    if operation in _INSERTS and apply_to not in _PLACEABLE:
        operation = Operation.ADD
    return Patch(rank=rank, operation=operation, match=match_of(entry.match), value=value, source=entry)


def _value(entry: EnvoyConfigObjectPatch, name: str, applied: Applied) -> Json | None:
    message = api.message_type(name)
    assert message is not None and entry.patch is not None
    reading = Reading()
    try:
        value = reading.message(entry.patch.value or {}, message)
    except FormError as error:
        _warn(applied, entry, f"value is no {name}: {error}", "The patch is not applied.")
        return None
    if name in _SHARED:
        _warn_of_shared(entry, value, _SHARED[name], applied)
    for kind in reading.unknown_types:
        _warn(applied, entry, f"value has a type that is not known here ({kind})", "It is kept as it is written.")
    return value


def _warn_of_shared(entry: EnvoyConfigObjectPatch, value: Json, fields: tuple[str, ...], applied: Applied) -> None:
    for field in fields:
        if value.get(field):
            what = f"istiod merges {field} into an object that all proxies share"
            _warn(applied, entry, what, "It reaches other resources and other proxies there, here this one only.")


def _warn(applied: Applied, entry: EnvoyConfigObjectPatch, what: str, consequence: str) -> None:
    problem = Problem(origin=origin_of(entry, "patch"), what=what, allowed=consequence, severity=Severity.WARNING)
    applied.warnings[problem] = None
