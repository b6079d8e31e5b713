"""How many addresses a host has."""

from __future__ import annotations

from unstale.istio.service_entry import Resolution
from unstale.lint.host_port import HostPort
from unstale.lint.view import View


def address_count(port: HostPort, view: View) -> int | None:
    """Of its endpoints, or of what DNS has for it; None where that is not known."""
    if port.service.resolution is Resolution.STATIC:
        return len(port.entry.endpoints) or None
    if not port.is_dns:
        return None
    written = sum(1 for endpoint in port.entry.endpoints if (endpoint.address or "").lower() not in port.names)
    answers = [view.answer(name) for name in port.names]
    if any(answer is None for answer in answers):
        return None
    return written + len({address for answer in answers if answer for address in answer.addresses})
