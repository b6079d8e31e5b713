"""Manifest files edited under load in a captured pod, run inside namespaces by `test_live_lab.py`.

    unshare --user --map-root-user --net --mount python edited_pod.py FOLDER

prints what the application saw and what became of every edit, as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from captured_pod import SERVER, beside
from loopback import Load

from unstale.sidecar.capture import capture, ruleset
from unstale.sidecar.live import Edit, Live
from unstale.sidecar.sidecar import Sidecar, SidecarSettings

HOST = "web.example.com"
EDITS = 20
RATE = 1000


def manifests(*, timeout: str, attempts: int = 2, more: str = "") -> str:
    """A host that is one address, its retries and its rule; `attempts` and `timeout` change with every edit."""
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: web}}
spec:
  hosts: [{HOST}]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  endpoints: [{{address: {SERVER}}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: web}}
spec:
  hosts: [{HOST}]
  http: [{{route: [{{destination: {{host: {HOST}}}}}], retries: {{attempts: {attempts}}}}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: web}}
spec:
  host: {HOST}
  trafficPolicy:
    connectionPool: {{tcp: {{connectTimeout: {timeout}}}}}
{more}
"""


REFUSED_BY_ENVOY = "    loadBalancer: {consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 9000000}}}"
"""Istio sets no upper limit to the ring; Envoy does, at 8388608."""


async def main(folder: Path) -> dict[str, object]:
    file = folder / "web.yaml"
    file.write_text(manifests(timeout="1s"))
    sidecar = Sidecar(SidecarSettings(folder=folder / "s", mark=1337))
    live = Live(sidecar, [file], access_log=folder / "s" / "access.log", settle_s=0.02)
    await live.start()
    await capture(ruleset())
    edits: asyncio.Queue[Edit] = asyncio.Queue()
    following = asyncio.create_task(live.follow(edits.put_nowait))
    load = Load(80, rate=RATE, connections=10, host=SERVER)
    await load.reaches(RATE // 5)
    outcomes = []
    for number in range(EDITS):
        outcomes.append(await _edit(file, manifests(timeout=f"{number + 2}s", attempts=number % 5), edits))
        await load.reaches(load.total + RATE // 20)
    refused = await _edit(file, manifests(timeout="9s", attempts=1, more=REFUSED_BY_ENVOY), edits)
    wrong = await _edit(file, manifests(timeout="nine"), edits)
    broken = await _edit(file, "kind: [", edits)
    await load.reaches(load.total + RATE // 5)
    mended = await _edit(file, manifests(timeout="30s"), edits)
    await load.stop()
    following.cancel()
    await sidecar.stop()
    return {
        "answers": dict(load.answers),
        "edits": outcomes,
        "refused": refused,
        "wrong": wrong,
        "broken": broken,
        "mended": mended,
    }


async def _edit(file: Path, text: str, edits: asyncio.Queue[Edit]) -> str:
    """Replace the file as an editor does."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(file)
    async with asyncio.timeout(20):
        return str(await edits.get())


if __name__ == "__main__":
    running = beside()
    try:
        print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
    finally:
        running.kill()
        running.wait()
