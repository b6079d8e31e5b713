"""corsPolicy: which other origins' pages may call (RT-17)."""

from __future__ import annotations

from unstale.envoy.resource import Json, any_of
from unstale.envoy.route_match import string_match
from unstale.istio.virtual_service import CorsPolicy, UnmatchedPreflights

FILTER = "envoy.filters.http.cors"


def cors(policy: CorsPolicy) -> Json:
    """The route's configuration of the CORS filter."""
    origins = [string_match(origin) for origin in policy.allow_origins]
    fields: Json = {
        "filter_enabled": {"default_value": {"numerator": 100}},
        "allow_origin_string_match": origins or [{"exact": origin} for origin in policy.allow_origin],
        "allow_methods": ",".join(policy.allow_methods),
        "allow_headers": ",".join(policy.allow_headers),
        "expose_headers": ",".join(policy.expose_headers),
    }
    fields = {name: value for name, value in fields.items() if value}
    fields["forward_not_matching_preflights"] = policy.unmatched_preflights is not UnmatchedPreflights.IGNORE
    if policy.max_age is not None:
        fields["max_age"] = str(int(policy.max_age.seconds))
    if policy.allow_credentials is not None:
        fields["allow_credentials"] = policy.allow_credentials
    return any_of("extensions.filters.http.cors.v3.CorsPolicy", **fields)
