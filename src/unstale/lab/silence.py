"""Addresses that swallow every packet: a node that is gone without a word, as a machine whose power was cut."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from unstale.lab.namespaces import inside
from unstale.sidecar.nft import nft

RULES = """
table ip silence {
  set gone { type ipv4_addr; }
  chain arriving {
    type filter hook prerouting priority -300; policy accept;
    ip daddr @gone drop
  }
  chain leaving {
    type filter hook output priority -300; policy accept;
    ip saddr @gone drop
  }
}
"""


class Silence:
    """The silent addresses of the internet at `namespace`; nothing is set up before the first one."""

    def __init__(self, namespace: Path | None) -> None:
        self._prefix = inside(namespace)
        self._is_set_up = False

    async def fall(self, addresses: Iterable[str]) -> None:
        """From now on `addresses` neither get nor send a packet."""
        if not self._is_set_up:
            await nft(RULES, self._prefix)
            self._is_set_up = True
        await nft(f"add element ip silence gone {{ {', '.join(addresses)} }}", self._prefix)

    async def end(self, addresses: Iterable[str]) -> None:
        """`addresses` answer again."""
        await nft(f"delete element ip silence gone {{ {', '.join(addresses)} }}", self._prefix)
