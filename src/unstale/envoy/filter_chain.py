"""One filter chain of a listener: what it matches and what it does.

Envoy refuses a listener with two chains of equal match, so a chain knows the part of itself that must be unique.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network

from unstale.envoy.dynamic_forward_proxy import SERVER_NAME_FILTER
from unstale.envoy.resource import Json, Origins, istio_metadata

HTTP_PROTOCOLS = ("http/1.1", "h2c")
MatchKey = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChain:
    """Empty conditions match everything; `config` is Istio's mark of the VirtualService behind it.

    `route_name` is the route configuration of a chain that parses HTTP. `match_key` is equal for chains that Envoy
    would call duplicates, `value` is Envoy's form: made once, because a listener is put together many times.
    """

    filters: tuple[Json, ...]
    server_names: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    application_protocols: tuple[str, ...] = ()
    transport_protocol: str = ""
    config: str | None = None
    route_name: str | None = None
    origins: Origins = ()
    match_key: MatchKey = field(init=False, repr=False)
    value: Json = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "match_key", self._match_key())
        object.__setattr__(self, "value", self._value())

    @property
    def matches_all(self) -> bool:
        """No condition at all."""
        return not (self.server_names or self.subnets or self.application_protocols or self.transport_protocol)

    @property
    def needs_server_name(self) -> bool:
        """For its match or for a filter that looks the name up."""
        return bool(self.server_names) or any(one["name"] == SERVER_NAME_FILTER for one in self.filters)

    def _match_key(self) -> MatchKey:
        """Ranges count as networks."""
        networks = {str(ip_network(subnet, strict=False)) for subnet in self.subnets if not _is_every(subnet)}
        return (
            tuple(sorted(networks)),
            tuple(sorted(self.server_names)),
            self.application_protocols,
            self.transport_protocol,
        )

    @property
    def clusters(self) -> list[str]:
        """The clusters its last filter names."""
        config = self.filters[-1]["typed_config"]
        weighted = config.get("weighted_clusters", {}).get("clusters", ())
        return [*filter(None, [config.get("cluster")]), *(cluster["name"] for cluster in weighted)]

    def _value(self) -> Json:
        value: Json = {"filters": list(self.filters), "transport_socket_connect_timeout": "15s"}
        match: Json = {}
        if self.subnets:
            match["prefix_ranges"] = [_range(subnet) for subnet in self.subnets if not _is_every(subnet)]
        if self.server_names:
            match["server_names"] = list(self.server_names)
        if self.application_protocols:
            match["application_protocols"] = list(self.application_protocols)
        if self.transport_protocol:
            match["transport_protocol"] = self.transport_protocol
        if match:
            value["filter_chain_match"] = {name: values for name, values in match.items() if values}
        if self.config is not None:
            value["metadata"] = istio_metadata(config=self.config)
        return value


def parts_named_in(chain: Json) -> Iterator[str]:
    """The names under which `Resource.parts` of the listener has what made a chain: its clusters, its routes."""
    for one in chain.get("filters", ()):
        config = one.get("typed_config", {})
        if "cluster" in config:
            yield config["cluster"]
        for weighted in config.get("weighted_clusters", {}).get("clusters", ()):
            yield weighted["name"]
        if "rds" in config:
            yield f"route {config['rds'].get('route_config_name', '')}"


def _is_every(subnet: str) -> bool:
    """Istio takes the address of no host for no condition, whatever the length."""
    return subnet.partition("/")[0] == "0.0.0.0"


def _range(subnet: str) -> Json:
    address, _, length = subnet.partition("/")
    return {"address_prefix": address, "prefix_len": int(length) if length else (128 if ":" in address else 32)}
