"""ServiceEntry: the mesh follows DNS, and knows what is spoken on which port."""

from __future__ import annotations

from unstale.remedy.facts import Encryption, HostFacts, Port
from unstale.remedy.manifest import Because, Manifest, Value
from unstale.remedy.parts.metadata import object_of

_WILDCARD_LOOK_UPS_SINCE = 30


def service_entry(facts: HostFacts) -> Manifest:
    """The whole object."""
    return object_of(
        "ServiceEntry",
        facts,
        {
            "hosts": [facts.host],
            "location": "MESH_EXTERNAL",
            "resolution": resolution(facts),
            "ports": [_port(port, facts) for port in facts.ports],
        },
    )


def resolution(facts: HostFacts) -> Value:
    """How the sidecar finds addresses."""
    if not facts.host.startswith("*"):
        if facts.keeps_addresses:
            return Because("DNS_ROUND_ROBIN", "follows DNS, and keeps the last addresses where an answer has none")
        return Because("DNS", "the sidecar follows DNS and drains connections to addresses that left it")
    if facts.minor >= _WILDCARD_LOOK_UPS_SINCE:
        return Because("DYNAMIC_DNS", "each name is looked up when it is called; a wildcard itself has no address")
    return Because(
        "NONE", "before Istio 1.30 a wildcard cannot be looked up: connections go where the application says"
    )


def _port(port: Port, facts: HostFacts) -> Value:
    made: dict[str, Value] = {"name": port_name(port), "number": port.number, "protocol": _protocol(port)}
    if port.target is not None:
        made["targetPort"] = Because(port.target, "where the sidecar, which speaks TLS for the application, connects")
    elif facts.encryption is Encryption.ORIGINATED and not port.is_opaque and port.number == 80:
        made["targetPort"] = Because(443, "the application calls http://, the sidecar connects with TLS")
    return made


def port_name(port: Port) -> str:
    """A name that is unique inside of the entry."""
    protocol = port.protocol.lower()
    return protocol if port.number in (80, 443) else f"{protocol}-{port.number}"


def _protocol(port: Port) -> Value:
    if port.is_opaque:
        return Because(port.protocol, "bytes pass unread: connections follow DNS, but no request can be repeated")
    return port.protocol
