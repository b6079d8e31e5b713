"""What lies inside the command's network namespace: its addresses, its routes, and what is captured.

The addresses lie on the loopback interface too, and the loopback has a last default route. So captured connections,
which never leave the namespace, do not notice when the way out (`uplink`) is taken up anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from unstale.sidecar.capture import OUTBOUND_PORT

Network = IPv4Network | IPv6Network

UPLINK_CIDR = "192.0.0.0/24"
"""The network of the way out: one that no machine has (RFC 6890), so that no address of the caller's is hidden."""

ADDRESS = "192.0.0.100"
GATEWAY = "192.0.0.2"
ADDRESS6 = "fd00::100"
GATEWAY6 = "fd00::2"
DEVICE = "eth0"
DNS_PORT = 15053
"""Where look-ups are taken; Istio's agent uses the same."""

_UPLINKS = {4: UPLINK_CIDR, 6: "fe80::/10"}
"""What is never captured: the way out's own network. Of IPv6 slirp4netns has one that real networks use too."""
_TABLE = "unstale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What to capture. `relays` are the name servers whose look-ups are taken, each with the port that takes them.

    `local_ports` of the loopback belong to the machine outside: connections to them are captured too.
    """

    has_ipv6: bool
    port: int = OUTBOUND_PORT
    excluded_ports: tuple[int, ...] = ()
    excluded_networks: tuple[Network, ...] = ()
    local_ports: tuple[int, ...] = ()
    relays: Mapping[str, int] | None = None

    @property
    def versions(self) -> tuple[int, ...]:
        return (4, 6) if self.has_ipv6 else (4,)


def before_uplink(wiring: Wiring) -> str:
    """Lines for `ip -batch`: what is there whether or not the way out is."""
    lines = [
        "link set lo up",
        f"address add {ADDRESS}/32 dev lo",
        "route add default dev lo metric 4096",
    ]
    if wiring.has_ipv6:
        lines += [f"address add {ADDRESS6}/128 dev lo nodad", "route add ::/0 dev lo metric 4096"]
    return "\n".join(lines) + "\n"


def after_uplink(wiring: Wiring) -> str:
    """Lines for `ip -batch` once the device is there; slirp4netns sees to IPv4 itself."""
    if not wiring.has_ipv6:
        return ""
    return "\n".join(
        (
            f"address add {ADDRESS6}/64 dev {DEVICE} nodad",
            f"route replace ::/0 via {GATEWAY6} dev {DEVICE} metric 100",
            "",
        )
    )


def rules(wiring: Wiring) -> str:
    """Lines for `nft`: all TCP to Envoy but what is excluded, as Istio's init container sets it up."""
    return "".join(_table(wiring, version) for version in wiring.versions)


def _table(wiring: Wiring, version: int) -> str:
    family, protocol, loopback = ("ip", "ip", "127.0.0.0/8") if version == 4 else ("ip6", "ip6", "::1")
    excluded = [_UPLINKS[version], *(str(one) for one in wiring.excluded_networks if one.version == version)]
    lines = [
        "type nat hook output priority -100; policy accept;",
        *_look_ups(wiring.relays or {}, version, protocol),
        *_ports(f"{protocol} daddr {loopback} tcp dport", wiring.local_ports, f"redirect to :{wiring.port}"),
        "fib daddr type local return",
        f"{protocol} daddr {{ {', '.join(excluded)} }} return",
        *_ports("tcp dport", wiring.excluded_ports, "return"),
        f"meta l4proto tcp redirect to :{wiring.port}",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    return f"table {family} {_TABLE} {{\n  chain output {{\n{body}\n  }}\n}}\n"


def _look_ups(relays: Mapping[str, int], version: int, protocol: str) -> list[str]:
    return [
        f"{protocol} daddr {server} {kind} dport 53 redirect to :{port}"
        for server, port in relays.items()
        if ip_address(server).version == version
        for kind in ("udp", "tcp")
    ]


def _ports(match: str, ports: Iterable[int], verdict: str) -> list[str]:
    several = sorted(set(ports))
    return [f"{match} {{ {', '.join(map(str, several))} }} {verdict}"] if several else []
