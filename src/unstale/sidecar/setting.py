"""What manifests are compiled for when the pod is this machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unstale.envoy.envoy_filter.value_faults import value_faults
from unstale.envoy.inputs import Setting
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import parse_release
from unstale.istio.faults import Faults
from unstale.istio.loader import Loader
from unstale.istio.mesh import MeshConfig
from unstale.istio.proxy_config import ProxyStatsMatcher
from unstale.istio.single_file import refuse
from unstale.istio.wording import shown
from unstale.re2.syntax import ExpressionError, compile_expression
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

    def stats_matcher(self) -> ProxyStatsMatcher | None:
        """What the pod, or else the mesh, wants counted.

        Raises ManifestError, also for an expression with which Envoy would not start; istiod looks at none.
        """
        own = self.load_proxy().proxy_config
        wanted = (own and own.proxy_stats_matcher) or self.load_mesh().default_config.proxy_stats_matcher
        if wanted is not None:
            _check_expressions(wanted)
        return wanted


def _check_expressions(wanted: ProxyStatsMatcher) -> None:
    faults = Faults()
    for index, regex in enumerate(wanted.inclusion_regexps):
        try:
            compile_expression(regex)
        except ExpressionError as error:
            words = f"inclusionRegexps[{index}] is no regular expression ({shown(regex)}: {error})"
            faults.reject(wanted, f"inclusion_regexps[{index}]", words, "Write RE2.")
    refuse(faults)
