"""TLS that the sidecar originates: the name that is asked for is the name that is checked."""

from __future__ import annotations

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Value


def client_tls(facts: HostFacts) -> dict[str, Value]:
    """Mode SIMPLE for the host."""
    made: dict[str, Value] = {
        "mode": Because("SIMPLE", "the sidecar speaks TLS, so it can repeat requests"),
        "sni": facts.host,
        "subjectAltNames": Because([facts.host], "whoever got a released address shows another name"),
    }
    if facts.ca_certificates:
        made["caCertificates"] = facts.ca_certificates
    return made
