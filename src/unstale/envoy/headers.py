"""Changes to headers; the host is no header here but a rewrite of the authority (RT-12, RT-13)."""

from __future__ import annotations

from collections.abc import Mapping

from unstale.envoy.resource import Json
from unstale.istio.virtual_service import HeaderOperations, Headers

_LISTS = (
    "request_headers_to_add",
    "request_headers_to_remove",
    "response_headers_to_add",
    "response_headers_to_remove",
)


def header_fields(headers: Headers | None) -> Json:
    """The four lists of Envoy's, those that are empty left out."""
    if headers is None:
        return {}
    request = headers.request or HeaderOperations()
    response = headers.response or HeaderOperations()
    lists = (_added(request), _removed(request), _added(response), _removed(response))
    return {name: entries for name, entries in zip(_LISTS, lists, strict=True) if entries}


def append_header_fields(value: Json, headers: Headers | None) -> None:
    """Put the changes of a destination behind those of its route."""
    for name, entries in header_fields(headers).items():
        value[name] = [*value.get(name, ()), *entries]


def authority(headers: Headers | None) -> str | None:
    """The host that the changes of the request ask for; what is set comes before what is added."""
    if headers is None or headers.request is None:
        return None
    for changes in (headers.request.set, headers.request.add):
        for name, value in sorted(changes.items()):
            if name.lower() in ("host", ":authority"):
                return value
    return None


def _added(operations: HeaderOperations) -> list[Json]:
    overwrite = {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return [*_entries(operations.set, overwrite), *_entries(operations.add, {})]


def _entries(changes: Mapping[str, str], action: Json) -> list[Json]:
    return [
        {"header": {"key": name, "value": value}, **action}
        for name, value in sorted(changes.items())
        if not _is_internal(name)
    ]


def _removed(operations: HeaderOperations) -> list[str]:
    return [name for name in operations.remove if not _is_internal(name)]


def _is_internal(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"
