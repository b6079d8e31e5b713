"""The pod of a cell: its traffic captured as Istio does it, and the same sidecar that users run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from unstale.envoy.resource import Resources
from unstale.lab.recording import write_text
from unstale.sidecar.bootstrap import MARK
from unstale.sidecar.capture import capture, ruleset
from unstale.sidecar.local import localize
from unstale.sidecar.sidecar import Sidecar, SidecarSettings

_COUNTERS = r"^cluster\.(outbound|PassthroughCluster).*\.(upstream_cx_total|upstream_rq_retry|upstream_rq_total)$"


class Pod:
    """Envoy and the capture rules in the pod's namespace; `folder` gets the logs, `private` the sockets."""

    def __init__(self, *, resources: Resources, private: Path, folder: Path, prefix: tuple[str, ...]) -> None:
        self._resources = localize(resources, access_log=folder / "access.log")
        self._folder = folder
        self._prefix = prefix
        self._sidecar = Sidecar(
            SidecarSettings(folder=private / "sidecar", prefix=prefix, mark=MARK, drain_limit_s=1.0)
        )

    async def start(self) -> None:
        """Bring the sidecar up and capture the pod's traffic.

        Raises ProxyError where Envoy does not start or refuses its configuration.
        """
        await self._sidecar.start(self._resources)
        await capture(ruleset(mark=MARK), prefix=self._prefix)

    async def stop(self) -> None:
        """End the sidecar and keep its own log with the recording."""
        await self._sidecar.stop()
        if self._sidecar.log.exists():
            write_text(self._folder / "envoy.log", self._sidecar.log.read_text(errors="replace"))

    async def unless_it_dies(self, *work: asyncio.Task[object]) -> None:
        """Wait for all of `work`; raises the first error of it, or the sidecar's ProxyError when that dies first."""
        died = asyncio.ensure_future(self._death())
        everything = asyncio.ensure_future(_all(work))
        try:
            await asyncio.wait([everything, died], return_when=asyncio.FIRST_COMPLETED)
            (everything if everything.done() else died).result()
        finally:
            died.cancel()
            everything.cancel()

    async def _death(self) -> None:
        raise await self._sidecar.died

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses that the sidecar has for a host now; none where it follows the application's own choice."""
        wanted = f"outbound|{port}||{host}"
        clusters = await self._sidecar.admin.clusters()
        return tuple(
            sorted(
                status["address"]["socket_address"]["address"]
                for cluster in clusters.get("cluster_statuses", ())
                if cluster["name"] == wanted and cluster.get("added_via_api")
                for status in cluster.get("host_statuses", ())
            )
        )

    async def counters(self) -> Mapping[str, int]:
        """Envoy's counters by their last name, summed over the clusters that carry the application's traffic."""
        sums: dict[str, int] = {}
        for name, value in (await self._sidecar.admin.stats(_COUNTERS)).items():
            short = name.rsplit(".", 1)[-1]
            sums[short] = sums.get(short, 0) + value
        return sums


async def _all(work: tuple[asyncio.Task[object], ...]) -> None:
    await asyncio.gather(*work)
