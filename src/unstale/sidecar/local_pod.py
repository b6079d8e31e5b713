"""The pod that this machine is to the mesh: its addresses, what it listens on, and which hosts have addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstale.envoy.inputs import Configuration
from unstale.envoy.resource import Resource, Resources
from unstale.sidecar.access_log import VIRTUAL_OUTBOUND
from unstale.sidecar.allocation import addresses_for
from unstale.sidecar.handover import Address
from unstale.sidecar.look_ups import Table

_ADDRESSES6 = Path("/proc/net/if_inet6")
_GLOBAL = "00"


def has_ipv6(listed: str | None = None) -> bool:
    """Whether this machine has an IPv6 address that others can reach.

    Without one a captured connection over IPv6 would seem to succeed, and programs would not try IPv4.
    """
    if listed is None:
        listed = _ADDRESSES6.read_text() if _ADDRESSES6.exists() and socket.has_ipv6 else ""
    return any(
        words[3] == _GLOBAL and words[5] != "lo" for line in listed.splitlines() if len(words := line.split()) > 5
    )


class BothFamilies:
    """Makes virtualOutbound listen on IPv6 too; for the same listener gives the same one again."""

    def __init__(self) -> None:
        self._before: Resource | None = None
        self._after: Resource | None = None

    def shape(self, found: Configuration) -> Resources:
        """The resources, that one listener apart."""
        resources = found.resources
        first = next((one for one in resources.listeners if one.name == VIRTUAL_OUTBOUND), None)
        if first is None:
            return resources
        if first is not self._before or self._after is None:
            self._before, self._after = first, replace(first, value=_on_both(first.value))
        after = self._after
        return replace(resources, listeners=tuple(after if one is first else one for one in resources.listeners))


def bound_addresses(resources: Resources) -> Iterator[Address]:
    """Where Envoy needs a socket of its own."""
    for one in resources.listeners:
        if one.value.get("bind_to_port") is False or "internal_listener" in one.value:
            continue
        for place in (one.value, *one.value.get("additional_addresses", ())):
            found = place["address"]["socket_address"]
            yield found["address"], found["port_value"]


def host_table(found: Configuration) -> Table:
    """The hosts that have addresses, from their ServiceEntry or from the mesh, and these; ranges are none."""
    table: dict[str, tuple[str, ...]] = {}
    for entry in found.manifests.service_entries:
        for host in entry.hosts:
            if addresses := addresses_for(entry, host, found.proxy.ip_versions):
                table.setdefault(host.lower(), addresses)
    return table


def _on_both(listener: dict[str, Any]) -> dict[str, Any]:
    own = listener["address"]["socket_address"]
    if own["address"] != "0.0.0.0" or "additional_addresses" in listener:
        return listener
    other = {"address": {"socket_address": {**own, "address": "::"}}}
    return {**listener, "additional_addresses": [other]}
