"""Rules for VirtualService: hosts, gateways and the rules for connections; those for HTTP are in `http_route`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.validation.headers import is_claim
from unstale.istio.validation.http_route import check_destination, check_http_route, check_weights
from unstale.istio.validation.names import (
    A_LABEL,
    A_SUBNET,
    A_WILDCARD_HOST,
    fqdn_fault,
    gateway_domain_fault,
    is_address,
    is_label,
    is_subset,
    subnet_fault,
    wildcard_domain_fault,
)
from unstale.istio.validation.unreachable import check_reachable
from unstale.istio.validation.values import check_export_to, check_labels, check_port
from unstale.istio.virtual_service import (
    L4MatchAttributes,
    RouteDestination,
    TLSMatchAttributes,
    TLSRoute,
    VirtualService,
)
from unstale.istio.wording import shown

MESH = "mesh"
_SEMANTICS = "internal.istio.io/route-semantics"


def check_virtual_service(service: VirtualService, faults: Faults, release: int) -> None:
    """Everything above the schema, as Istio 1.`release` has it; without hosts it is a delegate with tighter rules."""
    is_for_gateways = bool(service.gateways) and MESH not in service.gateways
    is_converted = service.metadata.annotations.get(_SEMANTICS) == "gateway"
    if not service.hosts:
        _check_delegate(service, faults)
    check_gateways(service, service.gateways, faults, may_warn=True, is_converted=is_converted)
    _check_hosts(service, faults, is_for_gateways=is_for_gateways)
    if not (service.http or service.tls or service.tcp):
        faults.reject(service, "http", "no rules", "Write at least one of http, tls and tcp.")
    for route in service.http:
        check_http_route(route, faults, release, is_delegate=not service.hosts, is_converted=is_converted)
        for match in route.match:
            check_gateways(match, match.gateways, faults, may_warn=False)
            if not is_for_gateways:
                _refuse_claims(match, (*match.headers, *match.without_headers), faults)
    for tls in service.tls:
        _check_tls(service, tls, faults, is_for_gateways=is_for_gateways, is_converted=is_converted)
    for tcp in service.tcp:
        for l4_match in tcp.match:
            _check_l4(l4_match, faults, may_warn=False)
        _check_destinations(tcp, tcp.route, faults, is_converted=is_converted)
    namespace = service.metadata.namespace
    check_export_to(service, service.export_to, namespace, faults, may_be_nobody=False)
    check_reachable(service, faults, release)


def check_gateways(
    message: Message,
    gateways: tuple[str, ...],
    faults: Faults,
    *,
    may_warn: bool,
    is_converted: bool = False,
) -> None:
    """Names of gateways; Istio looks no further once one has no slash, `mesh` among them."""
    for index, gateway in enumerate(gateways):
        place = f"gateways[{index}]"
        namespace, slash, name = gateway.partition("/")
        if not slash:
            if fault := fqdn_fault(gateway):
                faults.reject(message, place, f"gateway {fault} ({shown(gateway)})", _A_GATEWAY)
            elif "." in gateway and may_warn:
                first, second = gateway.split(".")[:2]
                what = f"gateway is written in the old form ({shown(gateway)})"
                faults.caution(message, place, what, f"Write {second}/{first}.")
            return
        if not is_label(namespace) or not (is_label(name) or (name and is_converted)):
            faults.reject(message, place, f"gateway is no namespace/name ({shown(gateway)})", _A_GATEWAY)


def _check_delegate(service: VirtualService, faults: Faults) -> None:
    for attribute in ("gateways", "tls", "tcp"):
        if getattr(service, attribute):
            what = f"{attribute} cannot stand in a VirtualService without hosts"
            faults.reject(service, attribute, what, "Write hosts, or only http for a delegate.")


def _check_hosts(service: VirtualService, faults: Faults, *, is_for_gateways: bool) -> None:
    has_sni = any(match.sni_hosts for route in service.tls for match in route.match)
    are_good = True
    for index, host in enumerate(service.hosts):
        place = f"hosts[{index}]"
        if is_for_gateways:
            fault = gateway_domain_fault(host, has_sni=has_sni)
        else:
            fault = wildcard_domain_fault(host)
        if fault and not is_address(host):
            faults.reject(service, place, f"host {fault} ({shown(host)})", A_WILDCARD_HOST)
            are_good = False
        elif host == "*" and not is_for_gateways:
            what = "host * stands for every name, which only gateways allow"
            faults.reject(service, place, what, "Write names, or gateways without mesh.")
            are_good = False
    if are_good and len(service.hosts) > 1:
        _check_overlaps(service, faults)


def _check_overlaps(service: VirtualService, faults: Faults) -> None:
    covering = dict(_later_wildcards(service.hosts))
    wildcards = _Wildcards()
    seen: set[str] = set()
    for index, host in enumerate(service.hosts):
        other = host if host in seen else wildcards.covering(host) or covering.get(index)
        if other:
            what = f"host overlaps with {shown(other)} ({shown(host)})"
            faults.reject(service, f"hosts[{index}]", what, "Write each host once.")
        seen.add(host)
        wildcards.add(host)


def _later_wildcards(hosts: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The place of each wildcard, and a host before it that it covers; the first one comes last."""
    places: dict[str, int] = {}
    wildcards = _Wildcards()
    for index in range(len(hosts) - 1, -1, -1):
        for other in wildcards.all_covering(hosts[index]):
            yield places[other], hosts[index]
        places[hosts[index]] = index
        wildcards.add(hosts[index])


class _Wildcards:
    """Finds a wildcard that covers a host, without asking each of them."""

    def __init__(self) -> None:
        self._suffixes: dict[int, dict[str, str]] = {}

    def add(self, host: str) -> None:
        if host.startswith("*"):
            self._suffixes.setdefault(len(host) - 1, {}).setdefault(host[1:], host)

    def covering(self, host: str) -> str:
        return next(self.all_covering(host), "")

    def all_covering(self, host: str) -> Iterator[str]:
        end = host.removeprefix("*")
        for length, wildcards in self._suffixes.items():
            if length <= len(end) and (found := wildcards.get(end[len(end) - length :])):
                yield found


def _refuse_claims(message: Message, names: Iterable[str], faults: Faults) -> None:
    for name in names:
        if is_claim(name):
            what = f"claims of a token can be matched at gateways only ({shown(name)})"
            faults.reject(message, f"headers{{{name}}}", what, "Write gateways without mesh.")


def _check_tls(
    service: VirtualService, route: TLSRoute, faults: Faults, *, is_for_gateways: bool, is_converted: bool
) -> None:
    if not route.match:
        faults.reject(route, "match", "a TLS rule has no match", "Write match with sniHosts.")
    for match in route.match:
        if not match.sni_hosts:
            faults.reject(match, "sni_hosts", "sniHosts is empty", "Write at least one host.")
        _check_l4(match, faults, may_warn=True)
        for index, host in enumerate(match.sni_hosts):
            _check_sni(service, match, index, host, faults, is_for_gateways=is_for_gateways)
    _check_destinations(route, route.route, faults, is_converted=is_converted)


def _check_sni(
    service: VirtualService,
    match: TLSMatchAttributes,
    index: int,
    host: str,
    faults: Faults,
    *,
    is_for_gateways: bool,
) -> None:
    place = f"sni_hosts[{index}]"
    if is_for_gateways or not service.gateways:
        fault = gateway_domain_fault(host, has_sni=True)
    else:
        fault = wildcard_domain_fault(host)
    if fault and is_address(host):
        what = f"clients send no SNI for an address ({shown(host)})"
        faults.caution(match, place, what, "Write a name, or a tcp rule.")
    elif fault:
        faults.reject(match, place, f"SNI host {fault} ({shown(host)})", A_WILDCARD_HOST)
    elif not any(is_subset(host, of) for of in service.hosts):
        what = f"SNI host is not among the hosts ({shown(host)})"
        faults.reject(match, place, what, f"Hosts are {shown(', '.join(service.hosts))}.")


def _check_l4(match: TLSMatchAttributes | L4MatchAttributes, faults: Faults, *, may_warn: bool) -> None:
    for index, subnet in enumerate(match.destination_subnets):
        if fault := subnet_fault(subnet):
            place = f"destination_subnets[{index}]"
            faults.reject(match, place, f"subnet {fault} ({shown(subnet)})", A_SUBNET)
    if match.port:
        check_port(match, "port", match.port, faults)
    check_labels(match, "source_labels", match.source_labels, faults)
    check_gateways(match, match.gateways, faults, may_warn=may_warn)


def _check_destinations(
    route: Message, destinations: tuple[RouteDestination, ...], faults: Faults, *, is_converted: bool
) -> None:
    if not destinations:
        faults.reject(route, "route", "a rule has no destination", "Write route with a destination.")
    for destination in destinations:
        if not is_converted:
            check_destination(destination.destination, faults)
    check_weights(route, destinations, faults)


_A_GATEWAY = f"Write mesh, or namespace/name. {A_LABEL}"
