"""What lies between the pod and the internet: resolvers, the firewall, address translation. Opened for one cell."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from unstale.lab.dns.forwarder import Forwarder, Upstream
from unstale.lab.firewall import LearningFirewall
from unstale.lab.loopback import Loopback
from unstale.lab.loopback_firewall import LoopbackFirewall
from unstale.lab.namespaces import Namespaces, entered
from unstale.lab.nat import translate
from unstale.lab.running import RunningWorld
from unstale.lab.world import AUTHORITY_ADDRESS, OTHER_RESOLVER, POD_GATEWAY
from unstale.model.experiment import Actor

Learn = Callable[[tuple[str, ...]], Awaitable[None]]


class Way:
    """The way out of the pod at `spaces` in the running world."""

    def __init__(self, spaces: Namespaces, running: RunningWorld, loopback: Loopback | None = None) -> None:
        self._spaces = spaces
        self._running = running
        self._loopback = loopback

    async def open(self, stack: AsyncExitStack) -> None:
        """Start everything on the way; `stack` ends it."""
        upstream = Upstream()
        if self._loopback is not None:
            await self._open_on_loopback(stack, upstream, self._loopback)
            return
        learn = await self._firewall(stack)
        if self._running.world.nat is not None:
            await translate(self._running.world.nat, self._spaces.firewall)
        await self._datagrams(stack, self._spaces.internet, self._running.authority, local=(AUTHORITY_ADDRESS, 53))
        await self._datagrams(stack, self._spaces.firewall, upstream, remote=(AUTHORITY_ADDRESS, 53))
        await self._datagrams(stack, self._spaces.firewall, Forwarder(upstream, learn), local=(POD_GATEWAY, 53))
        unheard = Forwarder(upstream, _learn_nothing)
        await self._datagrams(stack, self._spaces.firewall, unheard, local=(OTHER_RESOLVER, 53))

    async def _open_on_loopback(self, stack: AsyncExitStack, upstream: Upstream, loopback: Loopback) -> None:
        learn: Learn = _learn_nothing
        if self._running.world.firewall is not None:
            firewall = LoopbackFirewall(
                self._running.world.firewall, self._running, lambda what: self._running.tell(Actor.FIREWALL, what)
            )
            stack.callback(firewall.stop)
            await firewall.start()
            learn = firewall.learn
        await self._datagrams(stack, None, self._running.authority, local=loopback.authority)
        await self._datagrams(stack, None, upstream, remote=loopback.authority)
        await self._datagrams(stack, None, Forwarder(upstream, learn), local=loopback.resolver)

    async def _firewall(self, stack: AsyncExitStack) -> Learn:
        if self._running.world.firewall is None:
            return _learn_nothing
        firewall = LearningFirewall(
            self._running.world.firewall,
            self._spaces.firewall,
            lambda what: self._running.tell(Actor.FIREWALL, what),
        )
        await firewall.start()
        stack.callback(firewall.stop)
        return firewall.learn

    async def _datagrams(
        self,
        stack: AsyncExitStack,
        namespace: Path | None,
        protocol: asyncio.DatagramProtocol,
        *,
        local: tuple[str, int] | None = None,
        remote: tuple[str, int] | None = None,
    ) -> None:
        with entered(namespace):
            end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            if local:
                end.bind(local)
            if remote:
                end.connect(remote)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: protocol, sock=end)
        stack.callback(transport.close)


async def _learn_nothing(_: tuple[str, ...]) -> None:
    """Without a firewall, or past it, nobody learns."""
