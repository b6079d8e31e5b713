"""One side speaks TLS in a way that the other does not: not at all, twice, or with a certificate that is not trusted.

What it means
    Plain text to a TLS port, TLS to a plain one, TLS inside TLS (the application speaks https and a DestinationRule
    adds its own), mutual TLS that one side does not do, a certificate that is expired, for another name, or signed by
    an authority that is not known.

How we know
    The transport failure reason names OpenSSL's error; where Envoy was too old to say it (before Istio 1.10), the
    failure took a handshake's time, tens to hundreds of milliseconds. Plain text to a TLS port, or to a pod with strict
    mutual TLS, shows as UC on a fresh connection every time; strict mutual TLS shows at the server as NR
    `filter_chain_not_found`.

What to do
    `WRONG_VERSION_NUMBER`: look at the port of the upstream host; 80 there means TLS to a plain port. Set
    `tls.mode: SIMPLE` only where the application speaks http, per port (`portLevelSettings`). Unknown authority: give
    `caCertificates`. Within the mesh compare PeerAuthentication with the DestinationRule.
"""

from __future__ import annotations

from unstale.diagnosis.cause import Cause
from unstale.diagnosis.clue import Clue
from unstale.diagnosis.rule import Need, Rule
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.weight import CLEAR, DECISIVE, HINT, SOME, STRONG

RULE = Rule(
    cause=Cause.TLS_MISMATCH,
    rates={
        Symptom.BROKEN: 0.12,
        Symptom.TLS: 0.96,
        Symptom.NO_CHAIN: 0.75,
        Symptom.TERMINATION: 0.10,
        Symptom.CONNECT_FAILURE: 0.15,
        Symptom.REMOTE_RESET: 0.02,
        Symptom.PROTOCOL_ERROR: 0.03,
        Symptom.CONNECT_TIMEOUT: 0.01,
    },
    weighs={
        Clue.CERTIFICATE_OF_ANOTHER: -SOME,
        Clue.PLAIN_TO_TLS_PORT: DECISIVE,
        Clue.HTTP_TO_TLS_PORT: CLEAR,
        Clue.TLS_TO_PLAIN_PORT: HINT,
        Clue.HANDSHAKE_TIME: STRONG,
        Clue.PASSTHROUGH_PRIVATE: CLEAR,
        Clue.FRESH_CONNECTION: SOME,
        Clue.NEVER_SERVED: CLEAR,
        Clue.PERSISTENT: SOME,
        Clue.RETRIED_IN_VAIN: HINT,
        Clue.STAT_TLS_FAILED: CLEAR,
        Clue.INBOUND: -SOME,
        Clue.REUSED_CONNECTION: -STRONG,
        Clue.ADDRESS_SERVES_ON: -STRONG,
        Clue.OTHERS_ANSWER: -SOME,
        Clue.ADDRESS_LOST_SIBLINGS_SERVE: -SOME,
        Clue.ADDRESS_LOST: -STRONG,
        Clue.SPORADIC: -STRONG,
        Clue.ADDRESS_LOST_OTHERS_SERVE: -CLEAR,
        Clue.ROUND_WAIT: -STRONG,
        Clue.ODD_WAIT: -CLEAR,
        Clue.NO_TLS_ANSWER: -SOME,
        Clue.CUT_THEN_REFUSED: -STRONG,
        Clue.HBONE: -SOME,
        Clue.NEXT_HOP: -SOME,
    },
    settled_by={
        Need.SERVER: "the log of the server's own proxy: NR filter_chain_not_found there means strict mutual TLS",
        Need.MANIFESTS: "the DestinationRule and PeerAuthentication of both sides (-f)",
        Need.PACKETS: "a handshake by hand from the pod: openssl s_client -connect HOST:PORT -servername HOST",
    },
    scenarios=("tls-originated-address-reused",),
    lab="a certificate for another name; TLS to a plain port with a DestinationRule of `tls.mode: SIMPLE` in calm",
    next=("unstale lint manifests/",),
)
