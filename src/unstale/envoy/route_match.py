"""The conditions of one HTTP match, and whether it is for this pod and port at all (RT-7, RT-8, RT-10)."""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Json
from unstale.envoy.virtual_services import MESH_GATEWAY
from unstale.istio.virtual_service import HTTPMatchRequest, StringMatch


def is_for(match: HTTPMatchRequest, proxy: Proxy, listener_port: int) -> bool:
    """What can be told without a request; naming the mesh as gateway switches the source conditions off."""
    if match.port and match.port != listener_port:
        return False
    if match.gateways:
        return MESH_GATEWAY in match.gateways
    namespace = match.source_namespace
    return proxy.matches(match.source_labels) and (not namespace or namespace == proxy.namespace)


def route_match(match: HTTPMatchRequest | None) -> Json:
    """Envoy's form; no match at all is every path."""
    if match is None:
        return {"prefix": "/"}
    value = _path(match.uri)
    value["case_sensitive"] = not match.ignore_uri_case
    headers = [*_headers(match), *_pseudo_headers(match)]
    if headers:
        value["headers"] = headers
    if match.query_params:
        value["query_parameters"] = [
            {"name": name, **_condition(condition)} for name, condition in match.query_params.items()
        ]
    return value


def is_catch_all(match: Json) -> bool:
    """Nothing after it can be reached."""
    if match.get("headers") or match.get("query_parameters"):
        return False
    return match.get("prefix") == "/" or match.get("safe_regex", {}).get("regex") == ".*"


def path_of(match: Json) -> str:
    """How the path condition is written in a decorator."""
    if "path" in match:
        return str(match["path"])
    return str(match["safe_regex"]["regex"]) if "safe_regex" in match else f"{match['prefix']}*"


def string_match(match: StringMatch) -> Json:
    """Envoy's StringMatcher; regular expressions match the whole text."""
    if match.exact is not None:
        return {"exact": match.exact}
    if match.prefix is not None:
        return {"prefix": match.prefix}
    return {"safe_regex": {"regex": match.regex or ""}}


def _path(uri: StringMatch | None) -> Json:
    if uri is None or uri == StringMatch():
        return {"prefix": "/"}
    if uri.exact is not None:
        return {"path": uri.exact}
    return string_match(uri)


def _headers(match: HTTPMatchRequest) -> list[Json]:
    """In the order of their names, wanted before unwanted ones of the same name."""
    headers = [{"name": name, **_condition(condition)} for name, condition in match.headers.items()]
    for name, condition in match.without_headers.items():
        header: Json = {"name": name, **_condition(condition), "invert_match": True}
        if "present_match" not in header:
            header["treat_missing_header_as_empty"] = True
        headers.append(header)
    return sorted(headers, key=lambda header: str(header["name"]).encode())


def _pseudo_headers(match: HTTPMatchRequest) -> Iterator[Json]:
    conditions = ((":method", match.method), (":authority", match.authority), (":scheme", match.scheme))
    for name, condition in conditions:
        if condition is not None:
            yield {"name": name, **_condition(condition)}


def _condition(match: StringMatch) -> Json:
    """A match without a text, or with a regex for any, asks for presence only."""
    if match.exact is None and match.prefix is None and match.regex in (None, "", "*"):
        return {"present_match": True}
    return {"string_match": string_match(match)}
