"""What is known of the hosts: which addresses failed lately, which have answered since, in which order to try them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from unstale.clients.policy import Policy, in_order
from unstale.clients.tracked import Host, Tracked

# Past so many hosts those without a connection are forgotten.
MANY_HOSTS = 1000


class Hosts:
    """Safe for threads; forgets hosts without a connection when there are many."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self.policy = policy
        self.clock = clock
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}

    def avoid(self, host: str, addresses: tuple[str, ...]) -> None:
        """No connection came about, or one too late: the addresses are tried last for a while."""
        now = self.clock()
        with self._lock:
            self._host(host).mark(addresses, now, self.policy)

    def suspects(self, host: str) -> frozenset[str]:
        """The addresses that failed lately."""
        state = self._hosts.get(host)
        if state is None or not state.suspects:
            return frozenset()
        return state.suspects_at(self.clock(), self.policy)

    def has_answered_since(self, host: str, addresses: tuple[str, ...], moment: float) -> bool:
        """True if one of the addresses answered a request that was sent after `moment`."""
        state = self._hosts.get(host)
        return state is not None and any(state.good_at.get(one, -math.inf) > moment for one in addresses)

    def was_good(self, host: str) -> bool:
        """True if the host ever answered."""
        state = self._hosts.get(host)
        return state is not None and state.was_good

    def in_use(self) -> list[tuple[Host, list[Tracked]]]:
        """The hosts that have connections, and those."""
        with self._lock:
            return [(state, list(state.tracked)) for state in self._hosts.values() if state.tracked]

    def in_order(self, host: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """`known` in the order in which to try them."""
        return in_order(known, self.suspects(host))

    def _host(self, name: str) -> Host:
        state = self._hosts.get(name)
        if state is None:
            if len(self._hosts) > MANY_HOSTS:
                self._hosts = {one: known for one, known in self._hosts.items() if known.tracked}
            state = self._hosts[name] = Host(self.policy.idle_limit_s(None, None))
        return state
