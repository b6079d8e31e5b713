"""Capture the application's outbound TCP with nftables, as Istio's init container does with iptables.

REDIRECT keeps the original destination in the kernel's connection table, where Envoy's virtualOutbound asks for it.
What Envoy itself sends carries a mark and is let through, or every connection would come back to it for ever.
Connections that stay on this machine are no concern of a sidecar's outbound path.
"""

from __future__ import annotations

from collections.abc import Iterable

from unstale.sidecar.bootstrap import MARK
from unstale.sidecar.nft import nft

TABLE = "unstale"
OUTBOUND_PORT = 15001
"""Where virtualOutbound listens (Istio's proxyListenPort)."""


def ruleset(
    *, port: int = OUTBOUND_PORT, mark: int = MARK, excluded_ports: Iterable[int] = (), table: str = TABLE
) -> str:
    """The rules in nftables' language; they replace an older table of that name in one transaction."""
    ports = sorted(set(excluded_ports))
    exclusion = (f"tcp dport {{ {', '.join(str(each) for each in ports)} }} return",) if ports else ()
    rules = (
        "type nat hook output priority -100; policy accept;",
        f"meta mark {mark} return",
        'oifname "lo" return',
        "ip daddr 127.0.0.0/8 return",
        *exclusion,
        f"meta l4proto tcp redirect to :{port}",
    )
    lines = (f"table ip {table}", f"delete table ip {table}", f"table ip {table} {{", "  chain output {")
    return "\n".join((*lines, *(f"    {rule}" for rule in rules), "  }", "}", ""))


async def capture(rules: str, *, prefix: tuple[str, ...] = ()) -> None:
    """Put `rules` into force; `prefix` is a command that runs nft somewhere else (`nsenter --net=PATH`).

    Raises MachineError where nft is missing or the kernel refuses.
    """
    await nft(rules, prefix)


async def release(*, table: str = TABLE, prefix: tuple[str, ...] = ()) -> None:
    """Capture nothing any more; no error where nothing was captured. Raises MachineError as `capture` does."""
    await nft(f"table ip {table}\ndelete table ip {table}\n", prefix)
