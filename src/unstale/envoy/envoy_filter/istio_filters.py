"""Istio's own HTTP filters, which are not compiled but which a patch can name as its place.

`INSERT_BEFORE istio.alpn` would find nothing. So their names stand in each http_connection_manager while HTTP filters
are patched, and are taken out again.
"""

from __future__ import annotations

from collections.abc import Callable

from unstale.envoy.envoy_filter.api import HTTP_CONNECTION_MANAGER
from unstale.envoy.resource import Json

_FIRST: list[Json] = [{"name": "istio.metadata_exchange"}]
_BEFORE_FAULT: list[Json] = [{"name": "envoy.filters.http.grpc_stats"}, {"name": "istio.alpn"}]
_FAULT = "envoy.filters.http.fault"


def with_istio_filters(chain: Json) -> Json:
    """The names put where Istio has these filters."""
    return _chain(chain, _put_in)


def without_istio_filters(chain: Json) -> Json:
    """The names taken out."""
    return _chain(chain, _take_out)


def _put_in(filters: list[Json]) -> list[Json]:
    at = next((place for place, one in enumerate(filters) if one.get("name") == _FAULT), None)
    if at is None:
        return filters
    return [*_FIRST, *filters[:at], *_BEFORE_FAULT, *filters[at:]]


def _take_out(filters: list[Json]) -> list[Json]:
    return [one for one in filters if one not in _FIRST and one not in _BEFORE_FAULT]


def _chain(chain: Json, change: Callable[[list[Json]], list[Json]]) -> Json:
    if "filters" not in chain:
        return chain
    return {**chain, "filters": [_filter(one, change) for one in chain["filters"]]}


def _filter(one: Json, change: Callable[[list[Json]], list[Json]]) -> Json:
    config = one.get("typed_config", {})
    if not config.get("@type", "").endswith(HTTP_CONNECTION_MANAGER) or "http_filters" not in config:
        return one
    return {**one, "typed_config": {**config, "http_filters": change(config["http_filters"])}}
