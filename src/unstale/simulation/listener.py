"""Which listener takes a connection, by the address and port that it was meant for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from unstale.envoy.resource import Json, Resource
from unstale.simulation.call import Address, Connection


def find_listener(listeners: Sequence[Resource], connection: Connection) -> Resource | None:
    """The one of exactly that address and port, else of any address, else the one that all traffic is redirected to.

    None where nothing redirects traffic to Envoy.
    """
    redirected = next((one for one in listeners if one.value.get("use_original_dst")), None)
    others = [one for one in listeners if one is not redirected]
    for wanted in _wanted(connection.address):
        for listener in others:
            if any(_is(place, wanted, connection.port) for place in _places(listener.value)):
                return listener
    return redirected


def _wanted(address: Address | None) -> Iterator[str]:
    if address is not None:
        yield str(address)
    if address is None or address.version == 4:
        yield "0.0.0.0"
    if address is None or address.version == 6:
        yield "::"


def _places(listener: Json) -> Iterator[Json]:
    yield listener.get("address", {}).get("socket_address", {})
    for additional in listener.get("additional_addresses", ()):
        yield additional.get("address", {}).get("socket_address", {})


def _is(place: Json, address: str, port: int) -> bool:
    if place.get("port_value") != port:
        return False
    try:
        return str(ip_address(place.get("address", ""))) == address
    except ValueError:
        return False
