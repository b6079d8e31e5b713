"""Rules for WorkloadEntry, and what an endpoint of a ServiceEntry has in common with it."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.service_entry import WorkloadEntry
from unstale.istio.validation.names import (
    A_HOST,
    A_LABEL,
    AN_ADDRESS,
    fqdn_fault,
    is_address,
    is_label,
    unix_path_fault,
)
from unstale.istio.validation.values import A_PORT, check_labels
from unstale.istio.wording import shown

UNIX = "unix://"


def check_workload_entry(entry: WorkloadEntry, faults: Faults) -> None:
    """Everything above the schema of an object of its own."""
    address = entry.address or ""
    if not address and not entry.network:
        faults.reject(entry, "address", "a workload needs an address", AN_ADDRESS)
    elif not address:
        faults.caution(entry, "network", f"the workload has a network only ({shown(entry.network)})")
    elif not address.startswith(UNIX) and not is_address(address) and (fault := fqdn_fault(address)):
        faults.reject(entry, "address", f"address {fault} ({shown(address)})", f"{A_HOST} {AN_ADDRESS}")
    check_workload(entry, faults)


def check_workload(entry: WorkloadEntry, faults: Faults) -> None:
    """Socket, ports and labels."""
    address = entry.address or ""
    if address.startswith(UNIX):
        path = address.removeprefix(UNIX)
        fault = unix_path_fault(path) or ("is a folder" if path.endswith("/") else "")
        if fault:
            faults.reject(entry, "address", f"address {fault} ({shown(address)})", "Write unix:///run/app.sock.")
        if "ports" in entry.places:
            faults.reject(entry, "ports", "a Unix socket has no ports", "Leave ports out.")
    for name, number in entry.ports.items():
        place = f"ports{{{name}}}"
        if not is_label(name) or len(name) >= 63:
            faults.reject(entry, place, f"{shown(name)} is no name of a port", A_LABEL)
        if not 1 <= number <= 65535:
            faults.reject(entry, place, f"port is out of range ({number})", A_PORT)
    check_labels(entry, "labels", entry.labels, faults)
