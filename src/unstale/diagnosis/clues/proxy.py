"""What Envoy's own counters, endpoints and configuration say of the case's cluster."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from unstale.accesslog.row import cluster_host
from unstale.diagnosis.address import host_of
from unstale.diagnosis.background import ClusterState
from unstale.diagnosis.case import Case
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.words import duration, listed

_COUNTERS: tuple[tuple[Clue, tuple[str, ...]], ...] = (
    (Clue.STAT_OVERFLOW, ("upstream_rq_pending_overflow", "upstream_cx_overflow", "upstream_cx_pool_overflow")),
    (Clue.STAT_CONNECT_TIMEOUT, ("upstream_cx_connect_timeout",)),
    (Clue.STAT_CONNECT_FAIL, ("upstream_cx_connect_fail",)),
    (Clue.STAT_CUT_WITH_REQUEST, ("upstream_cx_destroy_remote_with_active_rq",)),
    (Clue.STAT_DNS_FAILED, ("update_failure", "update_empty")),
    (Clue.STAT_EJECTED, ("outlier_detection.ejections_active", "outlier_detection.ejections_enforced_total")),
    (Clue.STAT_TLS_FAILED, ("ssl.connection_error", "ssl.fail_verify_error", "ssl.fail_verify_san")),
    (Clue.STAT_TIMEOUT, ("upstream_rq_timeout", "upstream_rq_per_try_timeout")),
    (Clue.STAT_PROTOCOL, ("upstream_cx_protocol_error",)),
)


def _see(case: Case) -> Iterator[Sighting]:
    clusters = case.scene.background.clusters
    if not clusters:
        return
    names = dict.fromkeys(row.cluster for row in case.rows if row.cluster)
    states = [clusters[name] for name in names if name in clusters]
    if not states and case.host:
        states = [state for name, state in clusters.items() if cluster_host(name) == case.host]
    for state in states:
        yield from _counted(state)
        yield from _endpoints(case, state)
        yield from _idle(case, state)


def _counted(state: ClusterState) -> Iterator[Sighting]:
    for clue, names in _COUNTERS:
        seen = [f"{name} {state.counters[name]}" for name in names if state.counters.get(name)]
        if seen:
            yield Sighting(clue=clue, words=f"Envoy counts {', '.join(seen)} for {state.name}")
    if state.counters.get("membership_total") == 0 or (state.endpoints is not None and not state.endpoints):
        yield Sighting(clue=Clue.STAT_NO_MEMBERS, words=f"{state.name} has no endpoint (membership_total 0)")


def _endpoints(case: Case, state: ClusterState) -> Iterator[Sighting]:
    if not state.endpoints or not case.addresses or state.kind == "ORIGINAL_DST":
        return
    listed_now = {host_of(address) for address in state.endpoints}
    gone = sorted({host_of(address) for address in case.addresses} - listed_now)
    if gone:
        words = f"{listed(gone)} is no endpoint of {state.name} any more ({listed(sorted(listed_now))})"
        yield Sighting(clue=Clue.ENDPOINT_GONE, words=words)
    else:
        yield Sighting(clue=Clue.ENDPOINT_LISTED, words=f"Envoy still lists {listed(case.addresses)} in {state.name}")


def _idle(case: Case, state: ClusterState) -> Iterator[Sighting]:
    gaps = [failure.previous.idle_s for failure in case.failures if failure.previous is not None]
    if state.idle_timeout_s is None or not gaps or median(gaps) < 1.0:
        return
    gap, limit = duration(1000 * median(gaps)), duration(1000 * state.idle_timeout_s)
    if state.idle_timeout_s > median(gaps):
        words = f"the pool keeps idle connections {limit}, the ones that failed were idle for {gap}"
        yield Sighting(clue=Clue.IDLE_LIMIT_ABOVE_GAP, words=words)
    else:
        words = f"the pool itself closes connections idle for {limit}, less than the {gap} before the failures"
        yield Sighting(clue=Clue.IDLE_LIMIT_BELOW_GAP, words=words)


SEE = _see
