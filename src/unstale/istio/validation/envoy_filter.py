"""Rules for EnvoyFilter; what Envoy's types make of a value is asked of the caller, who knows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from unstale.istio.envoy_filter import (
    ApplyTo,
    EnvoyConfigObjectMatch,
    EnvoyConfigObjectPatch,
    EnvoyFilter,
    FilterChainMatch,
    FilterMatch,
    Patch,
    PatchContext,
    PatchOperation,
    PolicyTargetReference,
)
from unstale.istio.faults import Faults
from unstale.istio.shapes import json_name
from unstale.istio.validation.re2 import LONGEST, regex_fault
from unstale.istio.validation.values import check_port, check_selector
from unstale.istio.wording import shown

HTTP_CONNECTION_MANAGERS = ("envoy.filters.network.http_connection_manager", "envoy.http_connection_manager")
_IN_LISTENERS = (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN, ApplyTo.NETWORK_FILTER, ApplyTo.HTTP_FILTER)
_IN_ROUTES = (ApplyTo.ROUTE_CONFIGURATION, ApplyTo.VIRTUAL_HOST, ApplyTo.HTTP_ROUTE)
_OBJECTS = ("listener", "route_configuration", "cluster", "waypoint")
_MATCHES = {
    **dict.fromkeys(_IN_LISTENERS, "listener"),
    **dict.fromkeys(_IN_ROUTES, "route_configuration"),
    ApplyTo.CLUSTER: "cluster",
}
_LONG_VERSION_SINCE = 29
_GROUP = re.compile(r"|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_KIND = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFault:
    """What is wrong inside of a value; `path` is where, as `origin_of` takes it, `is_error` refuses the object."""

    path: str
    what: str
    allowed: str = ""
    is_error: bool = True


ValueCheck: TypeAlias = Callable[[str, Mapping[str, Any]], Iterable[ValueFault]]
"""Given `applyTo` and the value of a patch, what Envoy's type for it does not take."""


def check_envoy_filter(filters: EnvoyFilter, faults: Faults, release: int, check_value: ValueCheck | None) -> None:
    """Everything above the schema, as Istio 1.`release` has it."""
    what = "an EnvoyFilter changes what any release may make otherwise"
    faults.caution(filters, "", what, "Prefer another kind where there is one, and look again with each upgrade.")
    selector = filters.workload_selector
    if selector is not None:
        check_selector(selector, "labels", selector.labels, faults)
        if "target_refs" in filters.places:
            what = "workloadSelector and targetRefs exclude each other"
            faults.reject(filters, "target_refs", what, "Keep one of them.")
    for reference in filters.target_refs:
        _check_reference(reference, faults)
    for entry in filters.config_patches:
        _check_entry(entry, faults, release, check_value)


def _check_reference(reference: PolicyTargetReference, faults: Faults) -> None:
    if not _GROUP.fullmatch(reference.group or ""):
        what = f"group is no API group ({shown(reference.group)})"
        faults.reject(reference, "group", what, "Write gateway.networking.k8s.io.")
    if not _KIND.fullmatch(reference.kind):
        faults.reject(reference, "kind", f"kind is no name of a kind ({shown(reference.kind)})", "Write Gateway.")
    if reference.namespace:
        what = f"a reference stays in its namespace ({shown(reference.namespace)})"
        faults.reject(reference, "namespace", what, "Leave it out.")


def _check_entry(entry: EnvoyConfigObjectPatch, faults: Faults, release: int, check_value: ValueCheck | None) -> None:
    match, patch = entry.match, entry.patch
    if match is not None:
        _check_waypoint(match, faults)
        if match.context is PatchContext.WAYPOINT:
            return
    if entry.apply_to in (None, ApplyTo.INVALID):
        faults.reject(entry, "apply_to", "applyTo is missing", "Write CLUSTER, HTTP_FILTER or another kind of object.")
        return
    if patch is None:
        faults.reject(entry, "patch", "patch is missing", "Write an operation and a value.")
        return
    if patch.operation in (None, PatchOperation.INVALID):
        faults.reject(patch, "operation", "operation is missing", "Write MERGE, ADD, REMOVE or another one.")
        return
    if patch.value is None and patch.operation is not PatchOperation.REMOVE:
        faults.reject(patch, "value", "value is missing", f"Operation {patch.operation} needs one.")
        return
    if match is not None:
        _check_match(entry.apply_to, match, faults, release)
    if patch.value is not None and check_value is not None:
        _check_value(entry.apply_to, patch, patch.value, faults, check_value)


def _check_value(
    apply_to: ApplyTo | None, patch: Patch, value: Mapping[str, Any], faults: Faults, check_value: ValueCheck
) -> None:
    for fault in check_value(str(apply_to), value):
        if faults.is_full and not fault.is_error:
            continue
        tell = faults.reject if fault.is_error else faults.caution
        tell(patch, fault.path, fault.what, fault.allowed)


def _check_waypoint(match: EnvoyConfigObjectMatch, faults: Faults) -> None:
    if (match.context is PatchContext.WAYPOINT) is not (match.waypoint is not None):
        what = "context WAYPOINT and a waypoint match go together"
        faults.reject(match, "waypoint", what, "Write both or neither.")
    if match.waypoint is not None:
        check_port(match.waypoint, "port_number", match.waypoint.port_number, faults)


def _check_match(apply_to: ApplyTo | None, match: EnvoyConfigObjectMatch, faults: Faults, release: int) -> None:
    version = match.proxy.proxy_version if match.proxy is not None else None
    if match.proxy is not None and version:
        if len(version.encode(errors="surrogatepass")) > LONGEST:
            if release >= _LONG_VERSION_SINCE:
                what = f"proxyVersion is longer than {LONGEST} bytes and matches nothing"
                faults.caution(match.proxy, "proxy_version", what, "Write a shorter one.")
        elif fault := regex_fault(version):
            what = f"proxyVersion {fault} ({shown(version)})"
            faults.reject(match.proxy, "proxy_version", what, r"Write a regular expression (RE2) such as ^1\.30.*")
    wanted = _MATCHES.get(apply_to) if apply_to is not None else None
    present = [name for name in _OBJECTS if getattr(match, name) is not None]
    if wanted is not None and present and present != [wanted]:
        what = f"applyTo {apply_to} cannot be matched by {json_name(present[0])}"
        faults.reject(match, present[0], what, f"Write {json_name(wanted)}.")
    elif apply_to in _IN_LISTENERS and match.listener is not None and match.listener.filter_chain is not None:
        _check_chain(apply_to, match.listener.filter_chain, faults)


def _check_chain(apply_to: ApplyTo | None, chain: FilterChainMatch, faults: Faults) -> None:
    found = chain.filter
    if found is None:
        return
    if apply_to in (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN):
        faults.caution(chain, "filter", f"a filter match has no effect on {apply_to}", "Leave it out.")
    if not found.name:
        faults.reject(found, "name", "a filter match has no name", "Write the name of a network filter.")
    elif found.sub_filter is not None:
        _check_sub_filter(apply_to, found, faults)


def _check_sub_filter(apply_to: ApplyTo | None, found: FilterMatch, faults: Faults) -> None:
    if apply_to is not ApplyTo.HTTP_FILTER:
        what = f"subFilter cannot go with applyTo {apply_to}"
        faults.reject(found, "sub_filter", what, "Write applyTo: HTTP_FILTER.")
    elif found.name not in HTTP_CONNECTION_MANAGERS:
        what = f"only the connection manager has filters inside ({shown(found.name)})"
        faults.reject(found, "name", what, f"Write {HTTP_CONNECTION_MANAGERS[0]}.")
    elif found.sub_filter is not None and not found.sub_filter.name:
        faults.reject(found.sub_filter, "name", "a subFilter match has no name", "Write the name of an HTTP filter.")
