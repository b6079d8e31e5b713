"""The world of a cell while it runs: what faults may touch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from unstale.lab.behaviour import Behaviour
from unstale.lab.children import Role
from unstale.lab.dns.authority import Authority
from unstale.lab.silence import Silence
from unstale.lab.world import World
from unstale.model.experiment import Actor, Event


@dataclass(slots=True, kw_only=True)
class RunningWorld:
    """`start` is the CLOCK_MONOTONIC time of the first request; `on_event` hears in words of every change.

    `host` is the one that the application calls.
    """

    world: World
    authority: Authority
    nodes: Role
    silence: Silence
    host: str
    on_event: Callable[[str], None]
    start: float = 0.0
    happened: list[tuple[float, Actor, str]] = field(default_factory=list)

    def tell(self, actor: Actor, what: str) -> None:
        """Note that something changed now."""
        self.happened.append((time.monotonic(), actor, what))
        self.on_event(f"{actor} {what}")

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that changed, by time; what came before the first request has a negative one."""
        return tuple(Event(at_s=at - self.start, actor=actor, what=what) for at, actor, what in sorted(self.happened))

    async def lull(self) -> None:
        """Wait until everybody has just looked the host up, so that a change now stays unknown for long.

        A change that happens to strike just before a look-up hurts nobody, one that strikes just after it hurts for a
        whole time to live: the lab always measures the second. Envoy asks once for each cluster of the host, spread
        by its jitter; a quarter of the time to live without a further question means that they are done. Who no
        longer asks, or never stops asking, is not waited for.
        """
        ttl_s = self.authority.ttl_s
        end = time.monotonic() + 2 * ttl_s
        while (now := time.monotonic()) < end:
            age_s = now - self.authority.last_asked.get(self.host.lower(), 0.0)
            if 0.25 * ttl_s <= age_s <= 0.5 * ttl_s or age_s > 1.25 * ttl_s + 0.2:
                return
            await asyncio.sleep(0.25 * ttl_s - age_s if age_s < 0.25 * ttl_s else 0.02)

    async def behave(self, addresses: Iterable[str], behaviour: Behaviour) -> None:
        """Make the nodes at `addresses` treat requests in another way; returns when they do."""
        order = {"behave": behaviour.to_json(), "addresses": list(addresses)}
        await self.nodes.ask(order, "behaving")

    async def leave(self, addresses: Iterable[str]) -> None:
        """Take the nodes at `addresses` away: every open connection gets a FIN, new ones are refused."""
        await self.nodes.ask({"leave": list(addresses)}, "left")

    async def join(self, addresses: Iterable[str]) -> None:
        """Bring the nodes at `addresses` back."""
        await self.nodes.ask({"join": list(addresses)}, "joined")

    async def refuse(self, addresses: Iterable[str]) -> None:
        """The nodes at `addresses` accept nobody and answer the next packet on an open connection with a reset."""
        await self.nodes.ask({"refuse": list(addresses)}, "refused")

    async def admit(self, addresses: Iterable[str]) -> None:
        """The nodes at `addresses` are open again; what they refused stays refused."""
        await self.nodes.ask({"admit": list(addresses)}, "admitted")

    async def estrange(self, addresses: Iterable[str]) -> None:
        """The nodes at `addresses` show a stranger's certificate to whoever connects from now on."""
        await self.nodes.ask({"estrange": list(addresses)}, "estranged")
