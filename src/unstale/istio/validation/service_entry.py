"""Rules for ServiceEntry; VAL names Istio's own ones (`ValidateServiceEntry`)."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.service_entry import Location, Resolution, ServiceEntry, ServicePort, WorkloadEntry
from unstale.istio.validation.names import (
    A_HOST,
    A_LABEL,
    A_SUBNET,
    A_WILDCARD_HOST,
    AN_ADDRESS,
    fqdn_fault,
    is_address,
    is_label,
    subnet_fault,
    wildcard_domain_fault,
)
from unstale.istio.validation.protocols import HTTP, TCP, TLS, check_protocol
from unstale.istio.validation.values import check_export_to, check_port, check_selector
from unstale.istio.validation.workload_entry import UNIX, check_workload
from unstale.istio.wording import shown

_DYNAMIC_SINCE = {"http": 28, "tls": 29, "grpc": 30, "http2": 30}
_DNS = (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)
_GLUED_STAR_SINCE, _INSIDE_SINCE = 29, 30
_ALLOCATED_SINCE = 25


def check_service_entry(entry: ServiceEntry, faults: Faults, release: int) -> None:
    """Everything above the schema, as Istio 1.`release` has it."""
    resolution = entry.resolution or Resolution.NONE
    _check_hosts(entry, resolution, faults)
    _check_addresses(entry, resolution, faults)
    _check_ports(entry, resolution, faults, release)
    _check_selector(entry, resolution, faults)
    _check_endpoints(entry, resolution, faults)
    _check_hosts_by_protocol(entry, resolution, faults)
    if resolution is Resolution.DYNAMIC_DNS:
        _check_dynamic(entry, faults, release)
    check_export_to(entry, entry.export_to, entry.metadata.namespace, faults, may_be_nobody=True)


def _check_hosts(entry: ServiceEntry, resolution: Resolution, faults: Faults) -> None:
    has_names = resolution in _DNS and not entry.endpoints
    for index, host in enumerate(entry.hosts):
        place = f"hosts[{index}]"
        if host == "*":
            what = "host stands for every name (*)"
            faults.reject(entry, place, what, "Write a DNS name, or *.example.com.")
            continue
        if fault := wildcard_domain_fault(host):
            faults.reject(entry, place, f"host {fault} ({shown(host)})", A_WILDCARD_HOST)
            continue
        if "*" in host and not host.startswith("*.") and resolution is not Resolution.DYNAMIC_DNS:
            what = f"a star glued to a label matches nothing ({shown(host)})"
            faults.caution(entry, place, what, f"Write *.{host.partition('.')[2]}.")
        if has_names and (fault := fqdn_fault(host)):
            what = f"host cannot be looked up, it {fault} ({shown(host)})"
            faults.reject(entry, place, what, f"With resolution {resolution} write names, or endpoints.")


def _check_addresses(entry: ServiceEntry, resolution: Resolution, faults: Faults) -> None:
    for index, address in enumerate(entry.addresses):
        place = f"addresses[{index}]"
        if fault := subnet_fault(address):
            faults.reject(entry, place, f"address {fault} ({shown(address)})", A_SUBNET)
        if "/" in address and resolution not in (Resolution.NONE, Resolution.STATIC):
            what = f"a subnet cannot go with resolution {resolution} ({shown(address)})"
            faults.reject(entry, place, what, "Write single addresses, or resolution NONE or STATIC.")


def _check_ports(entry: ServiceEntry, resolution: Resolution, faults: Faults, release: int) -> None:
    names: dict[str, ServicePort] = {}
    numbers: dict[int, ServicePort] = {}
    allocated = entry.metadata.labels.get("networking.istio.io/enable-autoallocate-ip", "").lower()
    has_own = resolution is Resolution.NONE or allocated == "false" or release < _ALLOCATED_SINCE
    unaddressed = not entry.addresses and has_own
    for port in entry.ports:
        if (first := names.setdefault(port.name, port)) is not port:
            what = f"a second port has this name ({shown(port.name)})"
            faults.reject(port, "name", what, f"The first is in line {first.origin.line}.")
        elif not is_label(port.name):
            faults.reject(port, "name", f"name is no name of a port ({shown(port.name)})", A_LABEL)
        if (first := numbers.setdefault(port.number, port)) is not port:
            what = f"a second port has this number ({port.number})"
            faults.reject(port, "number", what, f"The first is in line {first.origin.line}.")
        check_port(port, "number", port.number, faults)
        check_port(port, "target_port", port.target_port, faults)
        check_protocol(port, port.protocol, faults)
        if unaddressed and port.protocol in (None, "", "TCP"):
            what = f"port {port.number} captures every address, for the entry has none"
            faults.caution(port, "protocol", what, "Write addresses, or a protocol that names its host.")


def _check_selector(entry: ServiceEntry, resolution: Resolution, faults: Faults) -> None:
    selector = entry.workload_selector
    if selector is None:
        return
    check_selector(selector, "labels", selector.labels, faults)
    if "endpoints" in entry.places:
        what = "endpoints and workloadSelector exclude each other"
        faults.reject(entry, "workload_selector", what, "Keep one of them.")
    if resolution is Resolution.NONE:
        what = f"workloadSelector has no effect with resolution {resolution}"
        faults.caution(entry, "workload_selector", what, "Write resolution STATIC, or leave it out.")


def _check_endpoints(entry: ServiceEntry, resolution: Resolution, faults: Faults) -> None:
    if resolution is Resolution.NONE and "endpoints" in entry.places:
        what = "endpoints cannot go with resolution NONE"
        faults.reject(entry, "endpoints", what, "Write resolution STATIC or DNS, or leave them out.")
        return
    if resolution is Resolution.DNS_ROUND_ROBIN and len(entry.endpoints) > 1:
        what = f"resolution DNS_ROUND_ROBIN has {len(entry.endpoints)} endpoints"
        faults.reject(entry, "endpoints", what, "0 or 1 are allowed.")
    for endpoint in entry.endpoints:
        _check_endpoint(entry, endpoint, resolution, faults)


def _check_endpoint(entry: ServiceEntry, endpoint: WorkloadEntry, resolution: Resolution, faults: Faults) -> None:
    address = endpoint.address or ""
    if not address and not endpoint.network:
        faults.reject(endpoint, "address", "endpoint has no address", AN_ADDRESS)
    elif address.startswith(UNIX):
        _check_unix(entry, endpoint, address, resolution, faults)
    elif not address and resolution is Resolution.STATIC:
        faults.caution(endpoint, "network", f"endpoint has a network only ({shown(endpoint.network)})")
    elif resolution is Resolution.STATIC and not is_address(address):
        what = f"address is no IP address ({shown(address)})"
        faults.reject(endpoint, "address", what, "With resolution STATIC write an IP address.")
    elif not is_address(address) and (fault := fqdn_fault(address)):
        faults.reject(endpoint, "address", f"address {fault} ({shown(address)})", A_HOST + " " + AN_ADDRESS)
    known = {port.name for port in entry.ports}
    for name in endpoint.ports:
        if name not in known:
            what = f"the entry has no port of this name ({shown(name)})"
            faults.reject(endpoint, f"ports{{{name}}}", what, f"Its ports are {', '.join(sorted(known)) or 'none'}.")
    check_workload(endpoint, faults)


def _check_unix(
    entry: ServiceEntry, endpoint: WorkloadEntry, address: str, resolution: Resolution, faults: Faults
) -> None:
    if resolution is not Resolution.STATIC:
        what = f"a Unix socket cannot go with resolution {resolution} ({shown(address)})"
        faults.reject(endpoint, "address", what, "Write resolution STATIC.")
    if len(entry.ports) != 1:
        what = f"a Unix socket serves one port, the entry has {len(entry.ports)}"
        faults.reject(endpoint, "address", what, "Write exactly one port.")


def _check_hosts_by_protocol(entry: ServiceEntry, resolution: Resolution, faults: Faults) -> None:
    if len(entry.hosts) < 2 or resolution is Resolution.NONE:
        return
    for port in entry.ports:
        protocol = (port.protocol or "").lower()
        if protocol not in (*HTTP, *TLS):
            what = f"{len(entry.hosts)} hosts share port {port.number}, whose protocol names no host"
            allowed = "Write one host, an HTTP or TLS protocol, or resolution NONE."
            faults.reject(port, "protocol", f"{what} ({shown(port.protocol or '')})", allowed)
            return
    if resolution in _DNS and entry.addresses:
        tcp = [port for port in entry.ports if (port.protocol or "").lower() in TCP]
        if tcp:
            what = f"{len(entry.hosts)} hosts share addresses and port {tcp[0].number}"
            faults.caution(entry, "hosts", what, "Write an entry for each host.")


def _check_dynamic(entry: ServiceEntry, faults: Faults, release: int) -> None:
    star = "*" if release >= _GLUED_STAR_SINCE else "*."
    for index, host in enumerate(entry.hosts):
        if not host.startswith(star):
            what = f"resolution DYNAMIC_DNS is for wildcards only ({shown(host)})"
            faults.reject(entry, f"hosts[{index}]", what, "Write *.example.com, or resolution DNS.")
    for attribute in ("addresses", "endpoints"):
        if getattr(entry, attribute):
            what = f"{attribute} cannot go with resolution DYNAMIC_DNS"
            faults.reject(entry, attribute, what, "Leave them out.")
    allowed = [protocol for protocol, since in _DYNAMIC_SINCE.items() if release >= since]
    for port in entry.ports:
        if (port.protocol or "").lower() not in allowed:
            what = f"protocol cannot go with resolution DYNAMIC_DNS ({shown(port.protocol or '')})"
            faults.reject(port, "protocol", what, f"Allowed are {', '.join(allowed).upper()}.")
    if entry.location is not Location.MESH_INTERNAL:
        return
    waypoint = entry.metadata.labels.get("istio.io/use-waypoint", "none")
    if release < _INSIDE_SINCE:
        what = f"a DYNAMIC_DNS host inside the mesh is known since Istio 1.{_INSIDE_SINCE} only"
        faults.reject(entry, "location", what, "Write MESH_EXTERNAL.")
    elif waypoint.lower() != "none":
        what = f"a waypoint cannot serve a DYNAMIC_DNS host inside the mesh ({shown(waypoint)})"
        faults.reject(entry, "location", what, "Write MESH_EXTERNAL, or remove the label.")
