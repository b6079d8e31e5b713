"""What Istio's releases do differently of the same manifests, in words, and how it shows in Envoy's configuration.

Found by running the control plane of 1.28 to 1.32 on the same manifests; for 1.25 the release notes and the source
speak (istio/istio: pilot/pkg/features, pilot/pkg/networking/core).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from unstale.comparison.compare import Change
from unstale.comparison.difference import ABSENT, Difference

_MANAGER_SETTING = re.compile(r"filters\[\d+\]\.typed_config\.([a-z_0-9]+)")
_POOL = re.compile(r"connect_timeout|upstream_connection_options|circuit_breakers|outlier_detection|typed_extension")

Shows = Callable[[Change, Difference | None], bool]
"""Whether this difference of a change (None: a whole piece came or went) is the behaviour's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """`since` is the minor number of the first release that has it."""

    since: int
    words: str
    shows: Shows


def behaviour_behind(change: Change, difference: Difference | None, older: int, newer: int) -> Behaviour | None:
    """The behaviour behind one difference of a change, between two releases; None where none is known."""
    known = (behaviour for behaviour in BEHAVIOURS if older < behaviour.since <= newer)
    return next((behaviour for behaviour in known if behaviour.shows(change, difference)), None)


def _at(pattern: str) -> Shows:
    expression = re.compile(pattern)
    return lambda _, difference: difference is not None and bool(expression.search(difference.path))


def _dynamic_dns(change: Change, difference: Difference | None) -> bool:
    """The cluster or chain is there at last, or its filter is."""
    if difference is None:
        return "dynamic_forward_proxy" in json.dumps(change.piece.value)
    return "dynamic_forward_proxy" in _text(difference.before) + _text(difference.after)


def _for_unknown_hosts(change: Change, difference: Difference | None) -> bool:
    """What ALLOW_ANY_DYNAMIC_DNS puts in the place of ALLOW_ANY."""
    piece = change.piece
    if piece.name in ("allow_any", "allow_any_dynamic_dns", "AllowAnyDynamicDNSCluster"):
        return difference is None
    if difference is None:
        return "allow_any_dynamic_dns" in json.dumps(piece.value)
    is_inspector = piece.name == "virtualOutbound" and difference.path.startswith("listener_filters")
    return is_inspector or "allow_any_dfp" in _text(difference.before) + _text(difference.after)


def _of_manager(change: Change, difference: Difference | None) -> bool:
    """A setting of the HTTP connection manager itself."""
    if change.piece.kind != "filter chain" or difference is None:
        return False
    found = _MANAGER_SETTING.match(difference.path)
    return found is not None and found[1] not in ("http_filters", "rds", "route_config")


def _of_pool(change: Change, difference: Difference | None) -> bool:
    return change.piece.kind == "cluster" and difference is not None and bool(_POOL.match(difference.path))


def _racing(change: Change, difference: Difference | None) -> bool:
    return difference is not None and (
        (difference.path == "dns_lookup_family" and "ALL" in (difference.before, difference.after))
        or (difference.path == "type" and change.piece.value.get("dns_lookup_family") == "ALL")
    )


def _text(value: object) -> str:
    return "" if value is ABSENT else json.dumps(value)


BEHAVIOURS = (
    Behaviour(
        since=25,
        words=(
            "look-ups are spread by up to 100 ms and a resolver's socket is given up after a hundred of them, so that "
            "many proxies no longer ask the DNS server at the same moment"
        ),
        shows=_at(r"^(dns_jitter|typed_dns_resolver_config)"),
    ),
    Behaviour(
        since=29,
        words="Envoy no longer counts what is left of each limit: the statistics remaining_* are not kept",
        shows=_at(r"\.track_remaining$"),
    ),
    Behaviour(
        since=29,
        words="a subset keeps the retryBudget of its host; before, having a policy of its own it lost it",
        shows=_at(r"\.retry_budget"),
    ),
    Behaviour(
        since=31,
        words="outboundTrafficPolicy ALLOW_ANY_DYNAMIC_DNS counts: Envoy looks up hosts that no manifest names itself",
        shows=_for_unknown_hosts,
    ),
    Behaviour(
        since=31,
        words="connectionSettings of the proxy's configuration count",
        shows=_of_manager,
    ),
    Behaviour(
        since=30,
        words="DYNAMIC_DNS works in sidecars: Envoy looks the name of each request up itself",
        shows=_dynamic_dns,
    ),
    Behaviour(
        since=30,
        words=(
            "the annotation istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT is heeded: Envoy asks for addresses of "
            "both families and keeps the connection that is there first"
        ),
        shows=_racing,
    ),
    Behaviour(
        since=30,
        words="failoverPriority ranks the endpoints of DNS clusters as it does those of others",
        shows=_at(r"^load_assignment"),
    ),
    Behaviour(
        since=31,
        words=(
            "panic is off: requests no longer go to endpoints that are ejected or unhealthy when too few others are "
            "left, but fail with 503 UH once none is"
        ),
        shows=_at(r"^common_lb_config(\.healthy_panic_threshold)?$"),
    ),
    Behaviour(
        since=31,
        words="the mesh's defaultTrafficPolicy counts where no rule says otherwise",
        shows=_of_pool,
    ),
)
