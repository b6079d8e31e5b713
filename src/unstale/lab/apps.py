"""The applications: how each keeps its connections and its idea of the host's address.

They call `http.client` over the system's own resolver, as most Python programs do underneath.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """`closes` sends `Connection: close` and a new connection for each request; `refreshes` looks the host up again
    every time to live and leaves connections whose address is gone from the answer.
    """

    closes: bool = False
    refreshes: bool = False


KEEP_ALIVE = App()
SHORT_LIVED = App(closes=True)
FRESH_DNS = App(refreshes=True)
