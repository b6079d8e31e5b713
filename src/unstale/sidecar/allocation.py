"""Give hosts without an address one of the mesh's, as istiod's controller does in the status of their ServiceEntry.

Without an address of its own a host can only be told by what is said inside the connection, and TCP says nothing. A
cluster's controller writes what it chose into `status.addresses`; here nobody does, so it is chosen while loading. What
a host was given it keeps as long as the loader lives, also after it has gone and come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from unstale.istio.loader import Loaded, Loader
from unstale.istio.schema import NEWEST
from unstale.istio.service_entry import Resolution, ServiceEntry
from unstale.istio.source import Source
from unstale.istio.validation.envoy_filter import ValueCheck

NETWORKS = (IPv4Network("240.240.0.0/16"), IPv6Network("2001:2::/48"))
"""Where the addresses come from (istio, pilot/pkg/controllers/ipallocate)."""

_REFUSED = "networking.istio.io/enable-autoallocate-ip"

_Name = tuple[str, str, str]
"""Namespace and name of a ServiceEntry, and one of its hosts."""


def wants_address(entry: ServiceEntry) -> bool:
    """The mesh chooses addresses for its hosts (SE-9), whether or not it has done so."""
    is_refused = entry.metadata.labels.get(_REFUSED, "").lower() == "false"
    return not (entry.addresses or is_refused or entry.resolution in (None, Resolution.NONE))


class AllocatingLoader(Loader):
    """Loads ServiceEntries as if the controller had been there; an object that stays the same gives the same."""

    def __init__(self, *, istio: str = NEWEST, check_value: ValueCheck | None = None) -> None:
        """Raises InputError for an unknown release."""
        super().__init__(istio=istio, check_value=check_value)
        self._given: dict[_Name, tuple[str, ...]] = {}
        self._made: dict[int, tuple[ServiceEntry, ServiceEntry]] = {}
        self._free = [_addresses(network) for network in NETWORKS]

    def load(self, sources: Iterable[Source]) -> Loaded:
        """As `Loader.load`."""
        loaded = super().load(sources)
        entries = [entry for entry in loaded.manifests.service_entries if wants_address(entry)]
        told = {text for entry in entries for some in entry.status_addresses.values() for text in some}
        before = self._made
        self._made = {
            id(entry): before.get(id(entry)) or (entry, self._with_addresses(entry, told))
            for entry in entries
            if not entry.status_addresses
        }
        known = before | self._made
        manifests = loaded.manifests
        return replace(
            loaded,
            manifests=replace(manifests, service_entries=tuple(_each(manifests.service_entries, known))),
            added=tuple(_each(loaded.added, known)),
            removed=tuple(_each(loaded.removed, known)),
        )

    def _with_addresses(self, entry: ServiceEntry, told: set[str]) -> ServiceEntry:
        metadata = entry.metadata
        chosen = {host: self._address((metadata.namespace, metadata.name, host), told) for host in entry.hosts}
        return replace(entry, status_addresses=chosen)

    def _address(self, name: _Name, told: set[str]) -> tuple[str, ...]:
        """One of each family; none where all have been given away."""
        if name not in self._given:
            found = (next((text for text in free if text not in told), None) for free in self._free)
            self._given[name] = tuple(text for text in found if text is not None)
        return self._given[name]


def addresses_for(entry: ServiceEntry, host: str, versions: Iterable[int]) -> tuple[str, ...]:
    """What a look-up of a host of the entry is answered with: its own addresses, or those that were chosen for it of
    the IP versions that the pod has; ranges are left out."""
    if not wants_address(entry):
        return tuple(one for text in entry.addresses if (one := _single(text)))
    usable = set(versions)
    chosen = entry.status_addresses.get(host, ())
    return tuple(one for text in chosen if (one := _single(text)) and ip_address(one).version in usable)


def _single(text: str) -> str:
    """The address that a text means; empty where it means several or none."""
    address, _, length = text.partition("/")
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(found) if length in ("", str(found.max_prefixlen)) else ""


def _each(resources: Iterable[Any], known: Mapping[int, tuple[ServiceEntry, ServiceEntry]]) -> Iterator[Any]:
    for resource in resources:
        pair = known.get(id(resource))
        yield pair[1] if pair is not None else resource


def _addresses(network: IPv4Network | IPv6Network) -> Iterator[str]:
    return map(str, network.hosts())
