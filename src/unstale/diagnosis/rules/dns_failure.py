"""The name could not be resolved, so there was no address to go to.

What it means
    For a ServiceEntry of resolution DNS Envoy asks itself. NXDOMAIN or an answer without addresses empties the
    cluster at once, and Envoy asks again only after `dnsRefreshRate`, 60 s: a slip of three seconds is an outage of a
    minute. SERVFAIL and silence keep the old addresses. Where the application resolves, its own error says so.

How we know
    UH on the cluster of an external name (DF is set by the dynamic forward proxy only), counters `update_empty` or
    `update_failure`, membership 0, a DNS history with NXDOMAIN; or the application's `ENOTFOUND`, `UnknownHost`, `no
    such host`.

What to do
    Lower `dnsRefreshRate` to 5-10 s, put a resolver with serve-stale (NodeLocal DNS cache) in between, and write
    names with few dots as absolute ones, so that search domains do not turn them into others."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, SOME, STRONG

RULE = Rule(
    cause=Cause.DNS_FAILURE,
    rates={
        Symptom.DNS: 0.96,
        Symptom.NO_HEALTHY: 0.16,
        Symptom.UNKNOWN: 0.03,
    },
    weighs={
        Clue.EXTERNAL_CLUSTER: CLEAR,
        Clue.DNS_FAILED: DECISIVE,
        Clue.STAT_DNS_FAILED: STRONG,
        Clue.STAT_NO_MEMBERS: SOME,
        Clue.RESOLVED_BY_PROXY: CLEAR,
        Clue.MESH_SERVICE: -STRONG,
        Clue.INBOUND: -DECISIVE,
        Clue.NO_CLUSTER: -SOME,
        Clue.FAILED_BEFORE_EJECTION: -CLEAR,
        Clue.STAT_EJECTED: -STRONG,
        Clue.BLACK_HOLE: -STRONG,
        Clue.IN_DNS: -SOME,
        Clue.BEHIND_ANSWERED: -CLEAR,
    },
    settled_by={
        Need.DNS: "the name's DNS answer now (--dns) or then (--dns-history): NXDOMAIN or no address?",
        Need.PROXY: "Envoy's /stats (--stats): update_empty, update_failure and membership_total of the cluster",
        Need.MANIFESTS: "the manifests (-f): is the host a ServiceEntry of resolution DNS?",
    },
    scenarios=("dns-nxdomain-blip",),
    next=("unstale fix --host {host}",),
)
