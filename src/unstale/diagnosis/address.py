"""Addresses as they stand in logs: parted from their ports, and whether they are public, private or Istio's own."""

from __future__ import annotations

import ipaddress
import re

_HOST_PORT = re.compile(r"\A\[?(?P<host>[^\]]*?)\]?(?::(?P<port>\d{1,5}))?\Z")
_NAME = re.compile(r"(?i)[a-z_]")
_HBONE = re.compile(r"\Aenvoy://[^/]*/")
_MESH_NAME = re.compile(r"(?i)\.svc(?:\.|\Z)|\.cluster\.local\.?\Z|\.(?:internal\.)?mesh\Z|\A[a-z0-9_-]+\Z")
_AUTO = (ipaddress.ip_network("240.240.0.0/16"), ipaddress.ip_network("2001:2::/48"))
_DOCUMENTATION = tuple(
    map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
)


def host_of(text: str) -> str:
    """The host in `host:port`, `[v6]:port`, `host` or `envoy://connect_originate/host:port`."""
    return _parts(text)[0]


def port_of(text: str) -> int | None:
    """The port in `host:port`, None where there is none."""
    port = _parts(text)[1]
    return int(port) if port else None


def is_public(text: str) -> bool:
    """Whether the address (a port may follow) is one of the internet. Those of documentation stand for such ones."""
    found = _address(text)
    if found is None or is_auto_allocated(text):
        return False
    return found.is_global or any(found in network for network in _DOCUMENTATION if network.version == found.version)


def is_private(text: str) -> bool:
    """Whether the address is of a private network: a pod, a node, a company's own."""
    found = _address(text)
    return found is not None and not is_public(text) and not found.is_loopback and not is_auto_allocated(text)


def is_auto_allocated(text: str) -> bool:
    """Whether Istio gave the address to a ServiceEntry without one (240.240.0.0/16): nobody answers there."""
    found = _address(text)
    return found is not None and any(found in network for network in _AUTO if network.version == found.version)


def is_name(text: str) -> bool:
    """Whether it is a name and not an address."""
    host = host_of(text)
    return bool(host) and _address(text) is None and bool(_NAME.search(host))


def is_mesh_name(text: str) -> bool:
    """Whether the name is of a Kubernetes service: it ends in .svc or .cluster.local, or has no dot at all."""
    host = host_of(text)
    return is_name(text) and (bool(_MESH_NAME.search(host)) or (host.count(".") == 1 and _is_short_service(host)))


def _is_short_service(host: str) -> bool:
    """`orders.shop` is a service and its namespace, `example.com` is not; a short list of endings decides."""
    return host.rsplit(".", 1)[1].lower() not in _ENDINGS and not host.startswith("www.")


_ENDINGS = frozenset(
    {
        *("com", "org", "net", "io", "dev", "app", "co", "ai", "cloud", "edu", "gov", "mil", "int", "info", "biz"),
        *("example", "test", "invalid", "localhost", "local", "internal", "corp", "lan", "home"),
        *("de", "fr", "uk", "us", "eu", "cn", "jp", "in", "ru", "br", "it", "es", "nl", "se", "no", "fi", "pl", "cz"),
        *("ch", "at", "be", "dk", "kr", "tw", "hk", "sg", "au", "nz", "ca", "mx", "za", "tr", "ua", "ir", "id", "vn"),
    }
)


def _parts(text: str) -> tuple[str, str]:
    bare = _HBONE.sub("", text.strip())
    if bare.count(":") > 1 and not bare.startswith("["):
        return bare, ""
    found = _HOST_PORT.match(bare)
    return (found.group("host"), found.group("port") or "") if found else (bare, "")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host_of(text).split("%")[0])
    except ValueError:
        return None
