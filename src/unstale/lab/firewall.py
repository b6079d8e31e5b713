"""The firewall that learns addresses from DNS and forgets them: an nftables set with a time-out.

Established connections are judged by the same set as new ones: that is the fault. A set element is not renewed by
adding it again (measured; the lease runs from the first answer to its end), so a firewall that renews deletes and adds
in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from unstale.lab.namespaces import inside
from unstale.lab.world import Firewall
from unstale.sidecar.nft import nft

_UNSURE_S = 0.05
"""The kernel's clock and ours may disagree by this much on when a lease ends."""

_RENEWED_AFTER = 0.1
"""The share of a lease that may have run before an answer renews it. Each renewal starts a program, some ten
milliseconds of processor; one for every answer of a short-lived application starved the DNS answers on a busy machine.
"""


def ruleset(firewall: Firewall) -> str:
    """The nftables rules of `firewall`, as `nft -f` reads them."""
    refuse = "reject with tcp reset" if firewall.rejects else "drop"
    return f"""
table ip learning {{
  set learnt {{
    type ipv4_addr
    flags timeout
    timeout {round(firewall.lease_s * 1000)}ms
  }}
  chain forward {{
    type filter hook forward priority 0; policy accept;
    iifname "inside" ip daddr @learnt accept
    oifname "inside" ip saddr @learnt accept
    meta l4proto tcp {refuse}
    drop
  }}
}}
"""


class LearningFirewall:
    """A running firewall. `on_event` hears of every address learnt and forgotten, in words."""

    def __init__(self, firewall: Firewall, namespace: Path | None, on_event: Callable[[str], None]) -> None:
        self._firewall = firewall
        self._prefix = inside(namespace)
        self._on_event = on_event
        self._ends_s: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._alarms: dict[str, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Put the rules in force; from now on nothing passes that no answer named."""
        await nft(ruleset(self._firewall), self._prefix)

    async def learn(self, addresses: tuple[str, ...]) -> None:
        """Let `addresses` through; returns when the kernel knows them."""
        async with self._turn:
            due = [address for address in addresses if self._needs_telling(address)]
            if due:
                await nft("\n".join(self._statement(address) for address in due), self._prefix)
                for address in due:
                    self._note(address)

    def stop(self) -> None:
        """Forget the alarms; the rules go with their namespace."""
        for alarm in self._alarms.values():
            alarm.cancel()

    def _needs_telling(self, address: str) -> bool:
        left_s = self._ends_s.get(address, 0.0) - asyncio.get_running_loop().time()
        if self._firewall.renews:
            return left_s < self._firewall.lease_s * (1 - _RENEWED_AFTER)
        return left_s < _UNSURE_S

    def _statement(self, address: str) -> str:
        add = f"add element ip learning learnt {{ {address} }}"
        if not self._firewall.renews:
            return add
        return f"{add}\ndelete element ip learning learnt {{ {address} }}\n{add}"

    def _note(self, address: str) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if not self._firewall.renews and abs(self._ends_s.get(address, 0.0) - now_s) < _UNSURE_S:
            return
        if self._ends_s.get(address, 0.0) <= now_s:
            self._on_event(f"learnt {address} for {self._firewall.lease_s:g} s")
        self._ends_s[address] = now_s + self._firewall.lease_s
        alarm = self._alarms.get(address)
        if alarm is not None:
            alarm.cancel()
        self._alarms[address] = loop.call_at(self._ends_s[address], self._on_event, f"forgot {address}")
