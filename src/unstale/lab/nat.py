"""Address translation in the firewall, by the kernel's own connection tracking with a short time-out.

With `nf_conntrack_tcp_loose` off a packet of a connection that was forgotten is invalid: it is dropped without a word,
and the sender repeats it until it loses patience.
"""

from __future__ import annotations

from pathlib import Path

from unstale.lab.namespaces import entered, inside
from unstale.lab.world import Nat
from unstale.model.errors import MachineError
from unstale.sidecar.nft import nft

RULES = """
table ip translation {
  chain leaving {
    type nat hook postrouting priority 100; policy accept;
    oifname "outside" ip saddr 10.0.0.0/24 masquerade
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    ct state invalid drop
  }
}
"""
_SETTINGS = Path("/proc/sys/net/netfilter")


async def translate(nat: Nat, namespace: Path | None) -> None:
    """Put the translation in force in the firewall at `namespace`.

    Raises MachineError where the kernel's connection tracking cannot be set.
    """
    await nft(RULES, inside(namespace))
    settings = {"nf_conntrack_tcp_loose": 0, "nf_conntrack_tcp_timeout_established": nat.idle_s}
    with entered(namespace):
        for name, value in settings.items():
            try:
                (_SETTINGS / name).write_text(str(value))
            except OSError as error:
                raise MachineError(
                    f"{_SETTINGS / name}: cannot be set ({error.strerror}). "
                    "nat-forgets needs a kernel with connection tracking in its network namespaces."
                ) from error
