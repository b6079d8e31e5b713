"""What one call meets, as text: a line a step, and where each comes from at the end of the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unstale.report.columns import columns

_ENCRYPTED = "encrypted: Envoy sees no request, so no http rule, retry or request time-out applies"


def call_text(call: Mapping[str, Any]) -> str:
    """`call` is what `call_json` gives."""
    return columns(list(_rows(call)), least_gap=2)


def _rows(call: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield "connection", _connection(call["connection"]), ""
    if call["connection"]["tls"]:
        yield "", _ENCRYPTED, ""
    if "listener" in call:
        yield "listener", call["listener"]["name"], _origins(call["listener"]["origins"])
    if "filter_chain" in call:
        chain = call["filter_chain"]
        yield "filter chain", _chain(chain), _origins(chain["origins"])
    if "virtual_host" in call:
        found = call["virtual_host"]
        yield "virtual host", f"{found['name']}, by domain {found['domain']}", _origins(found["origins"])
        for passed in call["passed_over"]:
            yield "  passed over", f"{passed['name'] or 'a route'}: wants {passed['wanted']}", ""
    if "route" in call:
        yield from _route(call["route"])
    yield from _end(call["end"])
    yield from _facts(call.get("connection_facts", []))
    for cluster in call["clusters"]:
        yield "cluster", f"{cluster['name']}{_share(cluster['share'])}", _origins(cluster["origins"])
        yield from _facts(cluster["facts"])


def _connection(connection: Mapping[str, Any]) -> str:
    address = connection["address"] or "an address that no manifest names"
    text = f"to {address}, port {connection['port']}"
    return f"{text}, TLS for {connection['server_name'] or 'no name'}" if connection["tls"] else text


def _chain(chain: Mapping[str, Any]) -> str:
    wanted = ", ".join(f"{name} {_plain(value)}" for name, value in chain["match"].items())
    text = chain["name"] or ("the default" if chain["default"] else "")
    return f"{text}: {wanted}" if text and wanted else text or wanted or "for everything"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "/".join(map(_plain, value))
    if isinstance(value, dict):
        return f"{value.get('address_prefix', '')}/{value.get('prefix_len', 0)}"
    return str(value)


def _route(route: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield "route", f"{route['name'] or 'without a name'} (number {route['number'] + 1})", route["origin"] or ""
    for name in route["undecided"]:
        yield "", f"only if its {name} holds", ""
    yield from _facts(route["facts"])


def _facts(facts: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for fact in facts:
        yield f"  {fact['name']}", fact["value"], fact["origin"] or fact.get("because", "")


def _end(end: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    match end["kind"]:
        case "sent":
            yield "server gets", f"host {end['host']}, path {end['path']}", ""
        case "answered":
            yield "Envoy answers", " ".join(_answer(end)), ""
        case "closed":
            yield "Envoy closes", end["because"], ""
        case "piped":
            yield "passed on", "as bytes, unread", ""
    for note in end.get("notes", ()):
        yield "", note, ""


def _answer(end: Mapping[str, Any]) -> Iterator[str]:
    yield str(end["status"])
    if "location" in end:
        yield f"with location {end['location']}"
    if "body" in end:
        yield f"with {end['body']!r}"
    if "because" in end:
        yield f"because {end['because']}"


def _share(share: float) -> str:
    return "" if share == 1 else f", {100 * share:g} %"


def _origins(origins: list[str]) -> str:
    return " ".join(origins)
