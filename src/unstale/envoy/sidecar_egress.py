"""One egress listener of a Sidecar: what it imports and where it listens; without a Sidecar there is one for all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unstale.envoy import protocol
from unstale.envoy.protocol import Protocol
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import Release
from unstale.envoy.service import Port, Service
from unstale.envoy.sidecar_hosts import EgressHosts
from unstale.istio.sidecar import CaptureMode, IstioEgressListener, Sidecar

SOCKET = "unix://"
_EVERYTHING = IstioEgressListener(hosts=("*/*",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """`port` None is for all ports. `bind` is the address it listens on, empty for that of each host.

    Where `is_captured` is false the application connects to the listener itself, nothing is redirected.
    """

    hosts: EgressHosts
    bind: str = ""
    port: Port | None = None
    is_captured: bool = True

    @property
    def is_http_proxy(self) -> bool:
        """The application names the port of each host in its request."""
        return self.port is not None and self.port.protocol is Protocol.HTTP_PROXY

    @property
    def takes_port_only(self) -> bool:
        """Of each host the port that is the listener's."""
        return self.port is not None and self.port.number != 0 and not self.is_http_proxy

    def trimmed(self, service: Service) -> Service | None:
        """The service with the ports it has here; None if it has none."""
        if not self.takes_port_only:
            return service
        assert self.port is not None
        port = service.port(self.port.number)
        return None if port is None else replace(service, ports=(port,))


def egresses(sidecar: Sidecar | None, proxy: Proxy, release: Release) -> tuple[Egress, ...]:
    """Those of the Sidecar, or one that imports all that is exported to the proxy."""
    listeners = (sidecar.egress if sidecar else ()) or (_EVERYTHING,)
    return tuple(_egress(listener, proxy, release) for listener in listeners)


def _egress(listener: IstioEgressListener, proxy: Proxy, release: Release) -> Egress:
    bind = listener.bind or ""
    return Egress(
        hosts=EgressHosts.of(listener.hosts, proxy.namespace, may_exclude=release.knows_excluded_hosts),
        bind=bind,
        port=_port(listener),
        is_captured=listener.capture_mode is not CaptureMode.NONE and not bind.startswith(SOCKET),
    )


def _port(listener: IstioEgressListener) -> Port | None:
    port = listener.port
    if port is None:
        return None
    return Port(number=port.number or 0, name=port.name or "", protocol=protocol.parse(port.protocol), target=None)
