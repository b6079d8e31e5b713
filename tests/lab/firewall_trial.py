"""Run inside namespaces of its own: how long a learning firewall remembers an address that is answered twice.

Prints JSON: seconds from the first answer to the moment at which the kernel has forgotten, not renewing and renewing.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from unstale.lab.firewall import LearningFirewall
from unstale.lab.namespaces import build, call, inside, remove
from unstale.lab.world import Firewall, World
from unstale.sidecar.programs import find

LEASE_S = 1.0
AGAIN_AFTER_S = 0.6
ADDRESS = "203.0.113.10"


async def remembered_s(folder: Path, *, renews: bool) -> float:
    """Seconds from the first answer until the address is forgotten."""
    spaces = build(folder, World(hosts=("a.example.com",), ports=(80,), ttl_s=1))
    firewall = LearningFirewall(Firewall(lease_s=LEASE_S, rejects=True, renews=renews), spaces.firewall, lambda _: None)
    try:
        await firewall.start()
        await firewall.learn((ADDRESS,))
        learnt = time.monotonic()
        await asyncio.sleep(AGAIN_AFTER_S)
        await firewall.learn((ADDRESS,))
        while ADDRESS in call(*inside(spaces.firewall), find("nft"), "list", "set", "ip", "learning", "learnt"):
            await asyncio.sleep(0.01)
        return time.monotonic() - learnt
    finally:
        firewall.stop()
        remove(spaces)


def main() -> None:
    """Both kinds, one after the other."""
    top = Path("/dev/shm")
    call(find("mount"), "--make-rprivate", "/")
    call(find("mount"), "-t", "tmpfs", "trial", str(top))
    results = {}
    for renews in (False, True):
        folder = top / str(renews)
        folder.mkdir()
        results["renewing" if renews else "not renewing"] = asyncio.run(remembered_s(folder, renews=renews))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
