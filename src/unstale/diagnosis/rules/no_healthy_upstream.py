"""The cluster exists, but has no host that may be used.

What it means
    All endpoints are gone (no pod is ready, the subset's labels match none, the ServiceEntry has none), or outlier
    detection has ejected them all. A line without a cluster's name means that the cluster itself was missing at that
    moment: two ServiceEntries for one host, or a push under way.

How we know
    UH, `no_healthy_upstream`, a body of 19 bytes. Errors of the same host just before speak for ejection; an external
    name speaks for DNS, which is another cause.

What to do
    Look at the endpoints: `istioctl proxy-config endpoints POD --cluster NAME`. With outlier detection on few
    addresses set `maxEjectionPercent` below 100. Keep one ServiceEntry a host."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.NO_HEALTHY_UPSTREAM,
    rates={Symptom.NO_HEALTHY: 0.72},
    weighs={
        Clue.MESH_SERVICE: SOME,
        Clue.FAILED_BEFORE_EJECTION: SOME,
        Clue.NO_CLUSTER: HINT,
        Clue.STAT_EJECTED: STRONG,
        Clue.STAT_NO_MEMBERS: HINT,
        Clue.EXTERNAL_CLUSTER: -HINT,
        Clue.DNS_FAILED: -STRONG,
        Clue.STAT_DNS_FAILED: -CLEAR,
        Clue.BLACK_HOLE: -STRONG,
        Clue.OUTSIDE_WITHOUT_CLUSTER: -SOME,
        Clue.BEHIND_ANSWERED: -CLEAR,
    },
    settled_by={
        Need.PROXY: "Envoy's /clusters (--clusters): are there endpoints, and which health flags do they have?",
        Need.DNS: "the name's DNS answer at that time (--dns-history): an empty one empties the cluster",
        Need.HISTORY: "the log from before: did requests to the host fail in another way first?",
    },
    scenarios=("dns-empty",),
)
