"""What manifests are compiled for when the pod is this machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unstale.envoy.envoy_filter.value_faults import value_faults
from unstale.envoy.inputs import Setting
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import parse_release
from unstale.istio.loader import Loader
from unstale.istio.mesh import MeshConfig
from unstale.sidecar.allocation import AllocatingLoader

_MODE = "INTERCEPTION_MODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSetting(Setting):
    """`addresses` are the pod's where its description gives none; `http_port` is that of the mesh's HTTP proxy.

    How traffic is intercepted is not for the description to say: it is redirected here, or goes by a proxy.
    """

    addresses: tuple[str, ...] = ()
    http_port: int = 0
    captures_dns: bool = False

    def load_mesh(self) -> MeshConfig:
        """Raises ManifestError."""
        mesh = Setting.load_mesh(self)
        return replace(mesh, proxy_http_port=self.http_port) if self.http_port else mesh

    def loader(self) -> Loader:
        """With DNS capture hosts without an address get one of the mesh's. Raises InputError."""
        if self.captures_dns and parse_release(self.istio).allocates_addresses:
            return AllocatingLoader(istio=self.istio, check_value=value_faults)
        return Setting.loader(self)

    def load_proxy(self) -> Proxy:
        """Raises ManifestError."""
        proxy = Setting.load_proxy(self)
        metadata = {name: text for name, text in proxy.metadata.items() if name not in (_MODE, "HTTP_PROXY_PORT")}
        if self.captures_dns:
            metadata["DNS_CAPTURE"] = "true"
        is_undescribed = proxy.ip_addresses == Proxy().ip_addresses
        addresses = self.addresses if self.addresses and is_undescribed else proxy.ip_addresses
        return replace(proxy, ip_addresses=addresses, metadata=metadata)
