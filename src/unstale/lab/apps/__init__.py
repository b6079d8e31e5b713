"""Applications: programs that call the host. One a file, each with `APP`; the docstring explains it.

What is shared by all of them is here: how an application keeps its connections and its idea of the host's address.
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
