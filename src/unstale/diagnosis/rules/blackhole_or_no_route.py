"""The proxy has no route or cluster for the host, so it answered by itself.

What it means
    The mesh is REGISTRY_ONLY and no ServiceEntry for the host is visible here (none at all, `exportTo`, a Sidecar's
    egress hosts), or a VirtualService leads to a cluster that does not exist (a subset or port that is missing, a
    host that is not in the registry), or no route matches the request.

How we know
    `502 direct_response .. block_all` for HTTP, `0 UH .. BlackHoleCluster` for TLS and TCP, NC `cluster_not_found`,
    NR `route_not_found`: nothing went upstream, at once and without a byte. Envoy sets these for nothing else.

What to do
    Declare the host in a ServiceEntry, or let this namespace see the one that is there. `unstale route URL -f
    manifests/` shows what a request meets; `unstale lint` names the host or subset that is missing."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, HINT, STRONG

RULE = Rule(
    cause=Cause.BLACKHOLE_OR_NO_ROUTE,
    rates={
        Symptom.NO_ROUTE: 0.97,
        Symptom.NO_HEALTHY: 0.05,
        Symptom.NO_CHAIN: 0.15,
        Symptom.UNREACHABLE: 0.12,
        Symptom.CONNECT_TIMEOUT: 0.01,
        Symptom.REFUSED: 0.01,
        Symptom.DECIDED_HERE: 0.02,
    },
    weighs={
        Clue.BLACK_HOLE: DECISIVE,
        Clue.VIRTUAL_ADDRESS: DECISIVE,
        Clue.NO_CLUSTER: HINT,
        Clue.OUTSIDE_WITHOUT_CLUSTER: STRONG,
        Clue.NO_SERVICE_ENTRY: HINT,
        Clue.MESH_SERVICE: -HINT,
        Clue.EXTERNAL_CLUSTER: -HINT,
        Clue.DNS_FAILED: -CLEAR,
    },
    settled_by={
        Need.MANIFESTS: "the manifests (-f): which ServiceEntry, VirtualService and Sidecar does this pod see?",
        Need.PROXY: "Envoy's /config_dump (--config-dump): is there a cluster and a route for the host?",
    },
    scenarios=("registry-only",),
    next=("unstale lint manifests/",),
)
