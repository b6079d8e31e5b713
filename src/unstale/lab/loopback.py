"""The lab where namespaces are forbidden: everything on 127.0.0.0/8, and the application calls the sidecar itself.

Nothing can be captured here, so the application sends its requests to the sidecar's listener and names the address
that it looked up in a header, which passthrough follows. Two things differ from a pod: a packet cannot be made to
vanish, and nothing is on the way that could translate addresses. What depends on those is left out, with its reason.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from unstale.envoy.resource import Resource, Resources
from unstale.lab.world import Tls, World
from unstale.model.errors import MachineError

if TYPE_CHECKING:
    from unstale.lab.order import Order

SERVER_PORT, LISTENER_PORT, DNS_PORT = 18080, 18081, 15353
DESTINATION_HEADER = "x-envoy-original-dst-host"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loopback:
    """The addresses of one cell; `number` (10 to 209) keeps cells apart that run side by side."""

    number: int

    @property
    def listener(self) -> tuple[str, int]:
        """Where the sidecar takes requests."""
        return (f"127.{self.number}.0.1", LISTENER_PORT)

    @property
    def resolver(self) -> tuple[str, int]:
        """Whom application and sidecar ask for names."""
        return (f"127.{self.number}.0.53", DNS_PORT)

    @property
    def authority(self) -> tuple[str, int]:
        """Whom the resolver asks."""
        return (f"127.{self.number}.0.54", DNS_PORT)

    def node(self, address: str) -> str:
        """The address that stands in for a node's."""
        return f"127.{self.number}.1.{address.rsplit('.', 1)[-1]}"


def check() -> None:
    """Raise MachineError unless addresses of 127.0.0.0/8 can be used."""
    try:
        with socket.socket() as trial:
            trial.bind(("127.10.0.1", 0))
    except OSError as error:
        raise MachineError(
            f"this machine: 127.10.0.1 cannot be used ({error.strerror}). "
            "--loopback needs the whole of 127.0.0.0/8, which Linux has; on macOS add addresses with: "
            "sudo ifconfig lo0 alias 127.10.0.1"
        ) from error


def left_out(orders: Iterable[Order], vanishing: frozenset[str]) -> dict[str, str]:
    """Scenario -> why it cannot be run here; `vanishing` are those in which nodes fall silent."""
    reasons = {order.scenario: _reason(order.world, order.scenario in vanishing) for order in orders}
    return {scenario: reason for scenario, reason in reasons.items() if reason}


def _reason(world: World, is_vanishing: bool) -> str:
    if is_vanishing or world.silent or (world.firewall is not None and not world.firewall.rejects):
        return "packets cannot be made to vanish on the loopback"
    if world.nat is not None:
        return "nothing translates addresses on the loopback"
    if world.distance_ms:
        return "the loopback has no distance"
    if world.firewall is not None and not world.firewall.hears_sidecar:
        return "application and sidecar share one resolver"
    if world.tls is Tls.PASSTHROUGH:
        return "TLS that is passed through cannot be captured without a namespace"
    return ""


def placed(order: Order) -> Order:
    """The order in a world of loopback addresses."""
    loopback = Loopback(number=10 + order.number % 200)
    world = replace(
        order.world,
        addresses=tuple(map(loopback.node, order.world.addresses)),
        spare_addresses=tuple(map(loopback.node, order.world.spare_addresses)),
        closed=tuple(map(loopback.node, order.world.closed)),
        ports=(SERVER_PORT,),
    )
    return replace(order, world=world, loopback=loopback)


def on_loopback(resources: Resources, loopback: Loopback, port: int) -> Resources:
    """The sidecar's resources with the listener of `port` where the application calls it, and none that would capture.

    Raises MachineError where there is no HTTP listener on that port.
    """
    listeners = [_listening(each, loopback) for each in resources.listeners if each.name == f"0.0.0.0_{port}"]
    if not listeners:
        raise MachineError(f"--loopback: no HTTP listener on port {port}. Only plain HTTP can be called here.")
    clusters = tuple(replace(each, value=_reachable(each.value, loopback, port)) for each in resources.clusters)
    return replace(resources, listeners=tuple(listeners), clusters=clusters)


def _listening(listener: Resource, loopback: Loopback) -> Resource:
    address, port = loopback.listener
    place = {"socket_address": {"address": address, "port_value": port}}
    value = {key: entry for key, entry in listener.value.items() if key != "bind_to_port"}
    return replace(listener, value={**value, "address": place})


def _reachable(cluster: Json, loopback: Loopback, port: int) -> Json:
    found: Json = _with_port(cluster, port)
    if found.get("type") == "ORIGINAL_DST":
        found = {**found, "original_dst_lb_config": {"use_http_header": True}}
    resolver = found.get("typed_dns_resolver_config")
    if resolver is None:
        return found
    address, dns_port = loopback.resolver
    asked = [{"socket_address": {"address": address, "port_value": dns_port}}]
    config = {**resolver["typed_config"], "resolvers": asked}
    return {**found, "typed_dns_resolver_config": {**resolver, "typed_config": config}}


def _with_port(value: Any, port: int) -> Any:
    """The same with the port that is called replaced by the one that the nodes can listen on without privileges."""
    if isinstance(value, Mapping):
        return {
            key: SERVER_PORT if key == "port_value" and entry == port else _with_port(entry, port)
            for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [_with_port(entry, port) for entry in value]
    return value
