"""redirect and directResponse: answers of the proxy itself (RT-16)."""

from __future__ import annotations

from base64 import b64encode

from unstale.envoy.resource import Json
from unstale.istio.virtual_service import HTTPDirectResponse, HTTPRedirect, RedirectPortSelection

_DEFAULT_PORTS = {"http": 80, "https": 443}
_CODES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def is_known_redirect(code: int | None) -> bool:
    """Envoy has no other codes; a route with another one has no action, and Envoy refuses it."""
    return not code or code in _CODES


def redirect(rule: HTTPRedirect, listener_port: int) -> Json:
    """An empty path is said where the path stays, as Istio does; 301 is Envoy's default and not said."""
    value: Json = {}
    if rule.prefix_rewrite:
        value["prefix_rewrite"] = rule.prefix_rewrite
    else:
        value["path_redirect"] = rule.uri or ""
    if rule.authority:
        value["host_redirect"] = rule.authority
    if rule.scheme:
        value["scheme_redirect"] = rule.scheme
    port = rule.port
    if rule.derive_port is RedirectPortSelection.FROM_REQUEST_PORT:
        port = listener_port
    if port and port != _DEFAULT_PORTS.get(rule.scheme or "http"):
        value["port_redirect"] = port
    if rule.redirect_code and rule.redirect_code != 301:
        value["response_code"] = _CODES[rule.redirect_code]
    return value


def direct_response(rule: HTTPDirectResponse) -> Json:
    """A status and perhaps a body."""
    value: Json = {"status": rule.status}
    if rule.body is not None and rule.body.string is not None:
        value["body"] = {"inline_string": rule.body.string}
    elif rule.body is not None and rule.body.bytes is not None:
        value["body"] = {"inline_bytes": b64encode(rule.body.bytes).decode()}
    return value
