"""Capture the application's outbound TCP with nftables, as Istio's init container does with iptables.

REDIRECT keeps the original destination in the kernel's connection table, where Envoy's virtualOutbound asks for it.
What Envoy itself sends carries a mark and is let through, or every connection would come back to it for ever.
Connections that stay on this machine are no concern of a sidecar's outbound path.

Envoy's own connections are kept out of that table. It would remember one that the server reset for ten seconds, as one
without translation; should the application then get the same local port for the same server, the kernel takes its SYN
for the old connection's (only what the other side closed with FIN, or this side reset, is looked up anew), and its
requests pass the sidecar by: measured on Linux 6.18, once in some thousand cells. Istio's own iptables rules leave that
open.
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
    redirect = (
        "type nat hook output priority -100; policy accept;",
        f"meta mark {mark} return",
        'oifname "lo" return',
        "ip daddr 127.0.0.0/8 return",
        *exclusion,
        f"meta l4proto tcp redirect to :{port}",
    )
    own = ("type filter hook output priority -300; policy accept;", f"meta mark {mark} notrack")
    # Or the answers would enter the table again, as connections of the server's.
    answers = ("type filter hook prerouting priority -300; policy accept;", 'iifname != "lo" notrack')
    chains = (*_chain("output", redirect), *_chain("own", own), *_chain("answers", answers))
    return "\n".join((f"table ip {table}", f"delete table ip {table}", f"table ip {table} {{", *chains, "}", ""))


def _chain(name: str, rules: Iterable[str]) -> tuple[str, ...]:
    return (f"  chain {name} {{", *(f"    {rule}" for rule in rules), "  }")


async def capture(rules: str, *, prefix: tuple[str, ...] = ()) -> None:
    """Put `rules` into force; `prefix` is a command that runs nft somewhere else (`nsenter --net=PATH`).

    Raises MachineError where nft is missing or the kernel refuses.
    """
    await nft(rules, prefix)


async def release(*, table: str = TABLE, prefix: tuple[str, ...] = ()) -> None:
    """Capture nothing any more; no error where nothing was captured. Raises MachineError as `capture` does."""
    await nft(f"table ip {table}\ndelete table ip {table}\n", prefix)
