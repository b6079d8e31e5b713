"""Which filter chain of a listener takes a connection.

Envoy goes criterion by criterion - destination port, destination address, server name, transport protocol, application
protocol, then where the connection comes from - and at each keeps only the chains that name the closest value. It never
goes back: a chain that lost at one criterion is not tried again when the winner fails at a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network

from unstale.envoy.resource import Json
from unstale.simulation.call import Address, Connection

_TLS_INSPECTOR = "TlsInspector"
_HTTP_INSPECTOR = "HttpInspector"
_UNSPECIFIED = -1

Rank = Callable[[Json, Connection], int | None]
"""How closely a chain's match names a connection: higher is closer, None does not match."""


def find_chain(listener: Json, connection: Connection) -> Json | None:
    """The chain, else the listener's default one, else None: Envoy closes the connection."""
    seen = _as_inspected(listener, connection)
    left: Sequence[Json] = listener.get("filter_chains", ())
    for rank in _CRITERIA:
        left = _closest(left, rank, seen)
    return next(iter(left), None) or listener.get("default_filter_chain")


def inspectors(listener: Json) -> Iterator[str]:
    """The types of the listener filters, without their package."""
    for one in listener.get("listener_filters", ()):
        yield one.get("typed_config", {}).get("@type", "").rpartition(".")[2]


def _as_inspected(listener: Json, connection: Connection) -> Connection:
    """What is known of the connection when the chain is chosen: nothing that no inspector looked for."""
    present = set(inspectors(listener))
    is_tls = connection.is_tls and _TLS_INSPECTOR in present
    knows_protocols = is_tls or (not connection.is_tls and _HTTP_INSPECTOR in present)
    return replace(
        connection,
        is_tls=is_tls,
        server_name=connection.server_name.lower() if is_tls else "",
        application_protocols=connection.application_protocols if knows_protocols else (),
    )


def _closest(chains: Sequence[Json], rank: Rank, connection: Connection) -> list[Json]:
    ranked = [(rank(chain.get("filter_chain_match", {}), connection), chain) for chain in chains]
    best = max((found for found, _ in ranked if found is not None), default=None)
    return [chain for found, chain in ranked if found is not None and found == best]


def _port(match: Json, connection: Connection) -> int | None:
    wanted = match.get("destination_port")
    if wanted is None:
        return _UNSPECIFIED
    return 1 if wanted == connection.port else None


def _destination(match: Json, connection: Connection) -> int | None:
    return _longest_prefix(match.get("prefix_ranges", ()), connection.address)


def _direct_source(match: Json, connection: Connection) -> int | None:
    return _longest_prefix(match.get("direct_source_prefix_ranges", ()), connection.source)


def _source(match: Json, connection: Connection) -> int | None:
    return _longest_prefix(match.get("source_prefix_ranges", ()), connection.source)


def _longest_prefix(ranges: Sequence[Json], address: Address | None) -> int | None:
    """No prefix counts as one of length 0, the only one that an unknown address is in."""
    if not ranges:
        return 0
    networks = [ip_network(f"{one['address_prefix']}/{one.get('prefix_len', 0)}", strict=False) for one in ranges]
    if address is None:
        return 0 if any(network.prefixlen == 0 for network in networks) else None
    return max((network.prefixlen for network in networks if address in network), default=None)


def _source_type(match: Json, connection: Connection) -> int | None:
    """Local is what comes from the address that it goes to."""
    wanted = match.get("source_type", "ANY")
    if wanted == "ANY":
        return _UNSPECIFIED
    is_local = connection.address is not None and connection.address in (connection.source, *_LOOPBACK)
    return 1 if (wanted == "SAME_IP_OR_LOOPBACK") is is_local else None


def _source_port(match: Json, _: Connection) -> int | None:
    """The port of an application is whatever was free."""
    return None if match.get("source_ports") else _UNSPECIFIED


def _server_name(match: Json, connection: Connection) -> int | None:
    """An exact name before any wildcard, the longest wildcard before shorter ones."""
    names = match.get("server_names", ())
    if not names:
        return _UNSPECIFIED
    wanted = connection.server_name
    if not wanted:
        return None
    if wanted in names:
        return len(wanted) + 1
    fitting = [len(name) for name in names if name.startswith("*.") and wanted.endswith(name[1:])]
    return max(fitting, default=None)


def _transport(match: Json, connection: Connection) -> int | None:
    wanted = match.get("transport_protocol")
    if not wanted:
        return _UNSPECIFIED
    return 1 if wanted == ("tls" if connection.is_tls else "raw_buffer") else None


def _application(match: Json, connection: Connection) -> int | None:
    """The earlier a protocol stands in the client's list, the better."""
    wanted = match.get("application_protocols", ())
    if not wanted:
        return _UNSPECIFIED
    offered = connection.application_protocols
    return next((len(offered) - place for place, name in enumerate(offered) if name in wanted), None)


_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))
_CRITERIA: tuple[Rank, ...] = (
    _port,
    _destination,
    _server_name,
    _transport,
    _application,
    _direct_source,
    _source_type,
    _source,
    _source_port,
)
