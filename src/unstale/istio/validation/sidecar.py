"""Rules for Sidecar; VAL names Istio's own ones (`ValidateSidecar`)."""

from __future__ import annotations

import re

from unstale.istio.faults import Faults
from unstale.istio.sidecar import CaptureMode, IstioEgressListener, IstioIngressListener, Sidecar, SidecarPort
from unstale.istio.sidecar import OutboundTrafficPolicy as Policy
from unstale.istio.sidecar import OutboundTrafficPolicyMode as Mode
from unstale.istio.validation.connection_pool import check_connection_pool
from unstale.istio.validation.egress_hosts import check_egress_hosts
from unstale.istio.validation.names import (
    A_HOST,
    A_LABEL,
    AN_ADDRESS,
    fqdn_fault,
    is_address,
    is_label,
    unix_path_fault,
)
from unstale.istio.validation.protocols import HTTP, check_protocol
from unstale.istio.validation.server_tls import check_server_tls
from unstale.istio.validation.values import check_port, check_selector, check_subset_name
from unstale.istio.validation.workload_entry import UNIX
from unstale.istio.wording import shown

_LOOPBACKS = ("", "127.0.0.1", "0.0.0.0", "::1", "::")
_HOST_AND_PORT = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:]*)):([^\[\]:]*)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_AN_ENDPOINT = "Write 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080, :8080 or unix:///run/app.sock."


def check_sidecar(sidecar: Sidecar, faults: Faults, release: int) -> None:
    """Everything above the schema, as Istio 1.`release` has it."""
    selector = sidecar.workload_selector
    if selector is not None:
        check_selector(selector, "labels", selector.labels, faults)
    pool, policy = sidecar.inbound_connection_pool, sidecar.outbound_traffic_policy
    if not sidecar.egress and not sidecar.ingress and policy is None and pool is None:
        what = "a Sidecar says nothing"
        faults.reject(sidecar, "", what, "Write egress, ingress, outboundTrafficPolicy or inboundConnectionPool.")
    _check_ingress(sidecar, faults)
    if pool is not None:
        check_connection_pool(pool, faults)
    _check_egress(sidecar, faults, release)
    if policy is not None:
        _check_policy(policy, faults)


def _check_ingress(sidecar: Sidecar, faults: Faults) -> None:
    taken: dict[int, SidecarPort] = {}
    for listener in sidecar.ingress:
        port = listener.port
        if port is None:
            continue
        _check_port(port, faults)
        check_port(port, "number", port.number or 0, faults)
        _check_bind(listener, faults)
        _refuse_second(port, taken, faults)
        if listener.default_endpoint:
            _check_endpoint(listener, listener.default_endpoint, faults)
        if listener.tls is not None:
            check_server_tls(listener.tls, port, faults)
        if listener.connection_pool is not None:
            check_connection_pool(listener.connection_pool, faults)
            if listener.connection_pool.http is not None and (port.protocol or "").lower() not in HTTP:
                what = f"HTTP settings have no effect on a port of another protocol ({shown(port.protocol or '')})"
                faults.caution(listener.connection_pool, "http", what, "Write protocol: HTTP, or tcp settings alone.")


def _check_egress(sidecar: Sidecar, faults: Faults, release: int) -> None:
    taken: dict[int, SidecarPort] = {}
    sockets: dict[str, IstioEgressListener] = {}
    for listener in sidecar.egress:
        port = listener.port
        if port is None:
            if listener is not sidecar.egress[-1]:
                what = "an egress listener without port takes what no other has"
                faults.reject(listener, "", what, "Write it last, and only one.")
        else:
            _check_port(port, faults)
            if port.number:
                check_port(port, "number", port.number, faults)
                _check_bind(listener, faults)
                _refuse_second(port, taken, faults)
            else:
                _check_socket(listener, faults, sockets)
        check_egress_hosts(listener, sidecar.metadata.namespace, faults, release)


def _check_port(port: SidecarPort, faults: Faults) -> None:
    if port.name and not is_label(port.name):
        faults.reject(port, "name", f"name is no name of a port ({shown(port.name)})", A_LABEL)
    check_protocol(port, port.protocol, faults)
    if port.target_port:
        what = f"targetPort has no effect in a Sidecar ({port.target_port})"
        faults.reject(port, "target_port", what, "Leave it out.")


def _check_bind(listener: IstioIngressListener | IstioEgressListener, faults: Faults) -> None:
    if listener.bind and not is_address(listener.bind):
        faults.reject(listener, "bind", f"bind is no IP address ({shown(listener.bind)})", AN_ADDRESS)


def _check_socket(listener: IstioEgressListener, faults: Faults, sockets: dict[str, IstioEgressListener]) -> None:
    bind = listener.bind or ""
    if not bind.startswith(UNIX):
        what = f"a listener without port number binds to a Unix socket ({shown(bind)})"
        faults.reject(listener, "bind", what, "Write a port number, or bind: unix:///run/out.sock.")
    elif fault := unix_path_fault(bind.removeprefix(UNIX)):
        faults.reject(listener, "bind", f"bind {fault} ({shown(bind)})", "Write unix:///run/out.sock.")
    if listener.capture_mode is CaptureMode.IPTABLES:
        what = "captureMode IPTABLES cannot go with a Unix socket"
        faults.reject(listener, "capture_mode", what, "Write DEFAULT or NONE.")
    if (first := sockets.setdefault(bind, listener)) is not listener:
        what = f"a second listener has this socket ({shown(bind)})"
        faults.reject(listener, "bind", what, f"The first is in line {first.origin.line}.")


def _refuse_second(port: SidecarPort, taken: dict[int, SidecarPort], faults: Faults) -> None:
    number = port.number or 0
    if (first := taken.setdefault(number, port)) is not port:
        what = f"a second listener has this port ({number})"
        faults.reject(port, "number", what, f"The first is in line {first.origin.line}.")


def _check_endpoint(listener: IstioIngressListener, endpoint: str, faults: Faults) -> None:
    if endpoint.startswith(UNIX):
        fault = unix_path_fault(endpoint.removeprefix(UNIX))
    else:
        fault = _endpoint_fault(endpoint)
    if fault:
        what = f"defaultEndpoint {fault} ({shown(endpoint)})"
        faults.reject(listener, "default_endpoint", what, _AN_ENDPOINT)


def _endpoint_fault(endpoint: str) -> str:
    parts = _HOST_AND_PORT.fullmatch(endpoint)
    if parts is None:
        return "is no address with a port"
    if (parts[1] or parts[2] or "") not in _LOOPBACKS:
        return "is outside of the pod"
    if not _NUMBER.fullmatch(parts[3]) or not 1 <= int(parts[3]) <= 65535:
        return "has no port number from 1 to 65535"
    return ""


def _check_policy(policy: Policy, faults: Faults) -> None:
    proxy = policy.egress_proxy
    if proxy is None:
        return
    if policy.mode is not Mode.ALLOW_ANY:
        what = f"egressProxy cannot go with mode {policy.mode or Mode.REGISTRY_ONLY}"
        faults.reject(policy, "egress_proxy", what, "Write mode: ALLOW_ANY.")
        return
    if fault := fqdn_fault(proxy.host):
        faults.reject(proxy, "host", f"host {fault} ({shown(proxy.host)})", A_HOST)
    if proxy.port is None:
        faults.reject(proxy, "port", "egressProxy has no port", "Write port: {number: 443}.")
        return
    check_port(proxy, "port", proxy.port, faults)
    if proxy.subset:
        check_subset_name(proxy, "subset", proxy.subset, faults)
