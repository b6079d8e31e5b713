"""DestinationRule: limits of connections, which addresses to leave out, and TLS where the sidecar originates it.

Of bytes that pass unread Envoy takes the limits of the host, never those of a port, and an age limit cuts calls under
way there. So where a host has both kinds of ports, the age limit is written for the ports that are read.
"""

from __future__ import annotations

from unstale.remedy.facts import Encryption, HostFacts
from unstale.remedy.manifest import Manifest, Value
from unstale.remedy.parts.connection_pool import connection_pool, opaque_pool
from unstale.remedy.parts.metadata import object_of
from unstale.remedy.parts.outlier_detection import outlier_detection
from unstale.remedy.parts.tls import client_tls


def destination_rule(facts: HostFacts) -> Manifest:
    """The whole object."""
    return object_of("DestinationRule", facts, {"host": facts.host, "trafficPolicy": traffic_policy(facts)})


def traffic_policy(facts: HostFacts) -> dict[str, Value]:
    """Of the host, with a part for each port that is read where others are not."""
    if not facts.opaque_ports:
        return _read_policy(facts)
    policy: dict[str, Value] = {"connectionPool": opaque_pool(facts), **_outliers(facts)}
    if facts.read_ports:
        policy["portLevelSettings"] = [
            {"port": {"number": port.number}, **_read_policy(facts)} for port in facts.read_ports
        ]
    return policy


def _read_policy(facts: HostFacts) -> dict[str, Value]:
    made: dict[str, Value] = {"connectionPool": connection_pool(facts), **_outliers(facts)}
    if facts.encryption is Encryption.ORIGINATED:
        made["tls"] = client_tls(facts)
    return made


def _outliers(facts: HostFacts) -> dict[str, Value]:
    found = outlier_detection(facts)
    return {} if found is None else {"outlierDetection": found}
