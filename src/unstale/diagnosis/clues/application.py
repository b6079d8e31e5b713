"""What the application's own log says beside, or instead of, the proxy's.

Envoy's body in an application's log is the whole of many a report. The `Server` header beside it tells which Envoy made
it: Istio's outbound listeners say `envoy`, gateways and the inbound side of a server say `istio-envoy`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from unstale.accesslog.result import AppError
from unstale.diagnosis.case import Case
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom

_SERVER = re.compile(r"\bserver\W{1,6}(istio-)?envoy", re.I)
_DIALLING = re.compile(
    r"\bdial (?:tcp|udp)|connect E[A-Z]+|NewConnectionError|ConnectTimeout|ConnectException|Failed to connect"
    r"|while connecting|ConnectError|connect\(\)",
    re.I,
)
_NO_TLS = re.compile(
    r"unknown[ _]protocol|wrong[ _]version[ _]number|first record does not look like a TLS"
    r"|unrecognized SSL message|plaintext connection|record layer failure|record that exceeded",
    re.I,
)


def _see(case: Case) -> Iterator[Sighting]:
    bodies = [error for error in case.apps if error.kind == "envoy-body"]
    if bodies and not case.failures:
        yield from _answered(bodies)
    others = [error for error in case.apps if error.kind != "envoy-body"]
    if case.symptom in (Symptom.TERMINATION, Symptom.TIMEOUT) and any(_DIALLING.search(one.line) for one in others):
        yield Sighting(clue=Clue.CONNECT_CALL, words="the application failed while it connected, not later")
    if case.symptom is Symptom.TLS and not case.failures and any(_NO_TLS.search(one.line) for one in others):
        words = "the application spoke TLS and was answered in plain text: something on the way takes the port for HTTP"
        yield Sighting(clue=Clue.NO_TLS_ANSWER, words=words)


def _answered(bodies: list[AppError]) -> Iterator[Sighting]:
    reason = bodies[0].reason.replace("_", " ")
    told = f'"{reason}"' if reason else "whatever breaks a connection"
    words = f"the application received the body that Envoy makes for {told}: a proxy failed, not the server"
    yield Sighting(clue=Clue.ENVOY_BODY, words=words)
    servers = [found for error in bodies if (found := _SERVER.search(error.line))]
    if servers and servers[0].group(1):
        words = "Server: istio-envoy: a gateway or the server's own proxy answered, not the caller's sidecar"
        yield Sighting(clue=Clue.OTHER_ENVOY, words=words)
    elif servers:
        words = (
            "Server: envoy: the application's own sidecar answered, so the hop that failed is the one that leaves"
            " the pod"
        )
        yield Sighting(clue=Clue.OWN_SIDECAR, words=words)


SEE = _see
