"""Rules for the hosts of a Sidecar's egress listener: `namespace/dnsName`."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.sidecar import IstioEgressListener
from unstale.istio.validation.names import is_label, wildcard_domain_fault
from unstale.istio.wording import shown

_EXCLUDED_SINCE = 31
_A_HOST = "Write namespace/dnsName, such as ./*, istio-system/* or */api.example.com."


def check_egress_hosts(listener: IstioEgressListener, namespace: str, faults: Faults, release: int) -> None:
    """Their form, and those that add nothing; `~namespace/host` leaves hosts out since 1.31."""
    if not listener.hosts:
        faults.reject(listener, "hosts", "an egress listener has no hosts", _A_HOST)
    seen: dict[str, set[str]] = {}
    for index, host in enumerate(listener.hosts):
        place = f"hosts[{index}]"
        whose, slash, name = host.partition("/")
        if slash and not (whose.startswith("~") and release >= _EXCLUDED_SINCE):
            names = seen.setdefault(namespace if whose == "." else whose, set())
            if (name in names or "*" in names) if name != "*" else names:
                faults.caution(listener, place, f"host is named twice ({shown(host)})", "Leave one out.")
            names.add(name)
        if fault := _fault(whose, name, release) if slash else "names no namespace":
            faults.reject(listener, place, f"host {fault} ({shown(host)})", _A_HOST)
    if "*" in seen.get("*", ()) and len(seen) > 1:
        faults.caution(listener, "hosts", "*/* stands for every host, so the others add nothing", "Leave them out.")


def _fault(namespace: str, name: str, release: int) -> str:
    if not namespace or not name:
        return "has nothing on one side of its slash"
    if release >= _EXCLUDED_SINCE:
        namespace = namespace.removeprefix("~")
    if namespace not in ("", "*", ".", "~") and not is_label(namespace):
        return "has a wrong namespace"
    if namespace == "~" and release >= _EXCLUDED_SINCE:
        return "has a wrong namespace"
    if name == "*":
        return ""
    if "." not in name:
        return "is a short name"
    if "*" in name and not name.startswith("*."):
        return "has a star glued to a label"
    return wildcard_domain_fault(name)
