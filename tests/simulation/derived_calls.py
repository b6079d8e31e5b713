"""Calls that a configuration invites: for each of its virtual hosts and routes one that means to hit it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from unstale.envoy.resource import Json, Resources
from unstale.simulation.call import Call, parse_call


def derived_calls(resources: Resources, *, most: int) -> list[Call]:
    """At most so many, evenly over all."""
    found = list(dict.fromkeys((*_plain(resources), *_encrypted(resources))))
    step = max(1, -(-len(found) // most))
    return [parse_call(text, headers=headers, address=address) for text, headers, address in found[::step]]


Text = tuple[str, tuple[str, ...], str | None]


def _plain(resources: Resources) -> Iterator[Text]:
    for configuration in resources.routes:
        port = configuration.name.rpartition(":")[2]
        if not port.isdigit():
            continue
        for virtual_host in configuration.value["virtual_hosts"]:
            host = _name(virtual_host["domains"][0])
            for route in virtual_host["routes"]:
                match = route["match"]
                path = str(match.get("path") or match.get("prefix") or "/some/where").replace("#", "")
                yield f"GET http://{host}:{port}{path}", tuple(_headers(match)), None
                yield f"POST http://{host}:{port}{path}x?{_query(match)}", (), None


def _encrypted(resources: Resources) -> Iterator[Text]:
    for listener in resources.listeners:
        place = listener.value["address"].get("socket_address")
        if place is None or not _is_redirected(place["address"]):
            continue
        address = None if place["address"] == "0.0.0.0" else place["address"]
        chains = [*listener.value["filter_chains"], listener.value.get("default_filter_chain", {})]
        for chain in chains:
            match = chain.get("filter_chain_match", {})
            for name in match.get("server_names", ("unnamed.example",)):
                yield f"GET https://{_name(name)}:{place['port_value']}/", (), address
            for one in match.get("prefix_ranges", ()):
                if _is_redirected(one["address_prefix"]):
                    yield f"GET http://unnamed.example:{place['port_value']}/", (), one["address_prefix"]


def _is_redirected(address: str) -> bool:
    """The pod captures IPv4, and nothing that stays on the machine."""
    found = ip_address(address)
    return found.version == 4 and not found.is_loopback


def _name(domain: str) -> str:
    return "unnamed.example" if domain == "*" else domain.replace("*", "any", 1)


def _headers(match: Json) -> Iterator[str]:
    for header in match.get("headers", ()):
        wanted = header.get("string_match", {})
        value = wanted.get("exact") or wanted.get("prefix") or "value"
        if not header["name"].startswith(":"):
            yield f"{header['name']}: {value}"


def _query(match: Json) -> str:
    return "&".join(
        f"{parameter['name']}={parameter.get('string_match', {}).get('exact', 'value')}"
        for parameter in match.get("query_parameters", ())
    )
