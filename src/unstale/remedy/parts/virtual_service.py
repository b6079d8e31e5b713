"""VirtualService: the HTTP rules, and a word on the ports whose bytes pass unread."""

from __future__ import annotations

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest, Value
from unstale.remedy.parts.metadata import object_of
from unstale.remedy.parts.retries import http_rules


def virtual_service(facts: HostFacts) -> Manifest | None:
    """The whole object; None where no port is read, for its rules would do nothing."""
    if not facts.read_ports:
        return None
    spec: dict[str, Value] = {"hosts": [facts.host], "http": http_rules(facts)}
    rules = tls_rules(facts)
    if rules:
        spec["tls"] = rules
    return object_of("VirtualService", facts, spec)


def tls_rules(facts: HostFacts) -> list[Value]:
    """One rule for each port on which the application itself speaks TLS."""
    return [
        tls_rule(facts.host, port.number)
        for port in facts.opaque_ports
        if port.protocol.upper() in ("HTTPS", "TLS") and not facts.host.startswith("*")
    ]


def tls_rule(host: str, number: int) -> Value:
    """What is true of such a port without a rule too; said, so that nobody expects the HTTP rules to hold there."""
    return {
        "match": [{"port": number, "sniHosts": [host]}],
        "route": [
            {
                "destination": {
                    "host": host,
                    "port": {
                        "number": Because(number, "https:// calls pass unread: retry them in the application"),
                    },
                }
            }
        ],
    }
