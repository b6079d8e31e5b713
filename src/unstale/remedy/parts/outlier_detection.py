"""outlierDetection: leave an address out that cannot be connected to, and never all of them.

Errors that the server answers are no sign of a stale address, so only failures of the connection count.
"""

from __future__ import annotations

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Value


def outlier_detection(facts: HostFacts) -> dict[str, Value] | None:
    """None for a host with one address, which must not be left out."""
    if facts.address_count == 1:
        return None
    return {
        "splitExternalLocalOriginErrors": Because(True, "tell a dead address from a server that answers errors"),
        "consecutiveLocalOriginFailures": Because(3, "refused, timed out or cut three times in a row"),
        "consecutive5xxErrors": Because(0, "what the server answers says nothing of the address"),
        "interval": "1s",
        "baseEjectionTime": Because("5s", "short: DNS names the right addresses soon"),
        "maxEjectionPercent": Because(50, "half of the addresses stay in any case"),
        "minHealthPercent": Because(50, "with fewer good ones all are tried: since Istio 1.31 the default is 503 UH"),
    }
