"""The match names a filter as it was called long ago.

What it means
Istio compares names as they stand. `envoy.http_connection_manager` is the old name of
`envoy.filters.network.http_connection_manager`; the match finds nothing, and the patch is not applied.

How we know
A filter of the match has a name of Envoy's that was replaced by one with `envoy.filters.`.

What to do
Write the new name.

Bad:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: lua
      namespace: shop
    spec:
      configPatches:
      - applyTo: NETWORK_FILTER
        match: {context: SIDECAR_OUTBOUND, listener: {filterChain: {filter: {name: envoy.http_connection_manager}}}}
        patch: {operation: REMOVE}

Good:

    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata:
      name: lua
      namespace: shop
    spec:
      configPatches:
      - applyTo: NETWORK_FILTER
        match:
          context: SIDECAR_OUTBOUND
          listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}
        patch: {operation: REMOVE}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.message import Message, origin_of
from unstale.lint.finding import Severity
from unstale.lint.patches import written_patches
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View

_NETWORK = (
    *("http_connection_manager", "tcp_proxy", "ratelimit", "ext_authz", "redis_proxy", "mongo_proxy"),
    *("client_ssl_auth", "echo"),
)
_HTTP = (
    *("router", "fault", "cors", "buffer", "lua", "grpc_web", "gzip", "health_check", "rate_limit", "squash"),
    *("ext_authz", "grpc_json_transcoder", "grpc_http1_bridge", "dynamo", "ip_tagging", "csrf"),
)
_LISTENER = ("tls_inspector", "original_dst", "original_src", "proxy_protocol", "http_inspector")
_KNOWN = {"network": _NETWORK, "http": _HTTP, "listener": _LISTENER}


def _check(view: View) -> Iterator[Hit]:
    for written in written_patches(view):
        listener = written.entry.match.listener if written.entry.match else None
        chain = listener.filter_chain if listener else None
        network = chain.filter if chain else None
        yield from _hits(network, "name", "network")
        yield from _hits(network.sub_filter if network else None, "name", "http")
        yield from _hits(listener, "listener_filter", "listener")


def _hits(message: Message | None, attribute: str, kind: str) -> Iterator[Hit]:
    name: str = getattr(message, attribute, None) or ""
    now = current_name(name, kind)
    if message is not None and now is not None:
        told = f"{name} is no longer the name of a filter, so the match finds nothing"
        yield Hit(origin=origin_of(message, attribute), message=told, fix=f"Write {now}.")


def current_name(name: str, kind: str) -> str | None:
    """What a filter of a kind (`network`, `http`, `listener`) is called now; None where the name is no old one."""
    front, _, rest = name.partition(".")
    last = rest.rpartition(".")[2]
    if front != "envoy" or rest.startswith("filters.") or last not in _KNOWN[kind]:
        return None
    return f"envoy.filters.{kind}.{last.replace('rate_limit', 'ratelimit')}"


RULE = Rule(
    code="UNS707",
    severity=Severity.WARNING,
    check=_check,
    why="Istio compares names as they stand: the match finds nothing, and the patch is not applied.",
    fix="Write the name that begins with envoy.filters.",
)
