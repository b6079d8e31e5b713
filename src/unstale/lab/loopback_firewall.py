"""A firewall of the loopback: it stands at the nodes' door instead of on the way, and refuses as one that resets.

An address that it has not learnt, or has forgotten, accepts no connection, and answers the next packet on an old one
with a reset. To the sidecar that is the same as a firewall in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from unstale.lab.running import RunningWorld
from unstale.lab.world import Firewall


class LoopbackFirewall:
    """A running firewall. `on_event` hears of every address learnt and forgotten, in words."""

    def __init__(self, firewall: Firewall, running: RunningWorld, on_event: Callable[[str], None]) -> None:
        self._firewall = firewall
        self._running = running
        self._on_event = on_event
        self._ends_s: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """From now on nothing passes that no answer named."""
        await self._running.refuse((*self._running.world.addresses, *self._running.world.spare_addresses))

    async def learn(self, addresses: tuple[str, ...]) -> None:
        """Let `addresses` through; returns when they are open."""
        async with self._turn:
            now_s = asyncio.get_running_loop().time()
            for address in addresses:
                is_known = self._ends_s.get(address, 0.0) > now_s
                if is_known and not self._firewall.renews:
                    continue
                self._ends_s[address] = now_s + self._firewall.lease_s
                if not is_known:
                    await self._running.admit((address,))
                    self._on_event(f"learnt {address} for {self._firewall.lease_s:g} s")
                    self._tasks[address] = asyncio.create_task(self._forget(address))

    def stop(self) -> None:
        """Forget nothing any more."""
        for task in self._tasks.values():
            task.cancel()

    async def _forget(self, address: str) -> None:
        loop = asyncio.get_running_loop()
        while (left_s := self._ends_s[address] - loop.time()) > 0:
            await asyncio.sleep(left_s)
        async with self._turn:
            await self._running.refuse((address,))
        self._on_event(f"forgot {address}")
