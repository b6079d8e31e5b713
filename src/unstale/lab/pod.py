"""The pod of a cell: its traffic captured as Istio does it, and the same sidecar that users run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from unstale.envoy.resource import Resources
from unstale.lab.loopback import Loopback, on_loopback
from unstale.lab.namespaces import Namespaces, inside
from unstale.lab.recording import write_text
from unstale.lab.world import OTHER_RESOLVER, World
from unstale.sidecar.bootstrap import MARK
from unstale.sidecar.capture import capture, ruleset
from unstale.sidecar.local import Localizer
from unstale.sidecar.programs import find
from unstale.sidecar.secrets import with_files
from unstale.sidecar.sidecar import Sidecar, SidecarSettings
from unstale.sidecar.upstream_mark import with_mark

_UPSTREAM = r"^cluster\.(outbound|PassthroughCluster).*\.(upstream_cx_total|upstream_rq_retry|upstream_rq_total)$"
_DOWNSTREAM = r"^http\..*\.downstream_rq_total$"
_OUR_OWN = "http.admin."
_MEMORY = "server.memory_allocated"


class Pod:
    """Envoy and the capture rules in the pod's namespace; `folder` gets the logs, `private` the sockets.

    On the loopback nothing is captured: the listener of `port` is called directly.
    """

    def __init__(
        self,
        *,
        resources: Resources,
        private: Path,
        folder: Path,
        spaces: Namespaces,
        world: World,
        port: int,
        loopback: Loopback | None = None,
    ) -> None:
        local = Localizer(access_log=folder / "access.log", last_step=lambda value: with_mark(with_files(value), MARK))
        self._resources = local.localize(resources)
        self._is_captured = loopback is None
        if loopback is not None:
            self._resources = on_loopback(self._resources, loopback, port)
        self._folder = folder
        self._prefix = inside(spaces.pod)
        self._sidecar = Sidecar(
            SidecarSettings(
                folder=private / "sidecar",
                prefix=(*self._prefix, *_resolver(private, world)),
                mark=MARK if self._is_captured else None,
                drain_limit_s=1.0,
            )
        )

    async def start(self) -> None:
        """Bring the sidecar up and capture the pod's traffic.

        Raises ProxyError where Envoy does not start or refuses its configuration.
        """
        await self._sidecar.start(self._resources)
        if self._is_captured:
            await capture(ruleset(mark=MARK), prefix=self._prefix)

    async def stop(self) -> None:
        """End the sidecar and keep its own log with the recording."""
        await self._sidecar.stop()
        if self._sidecar.log.exists():
            write_text(self._folder / "envoy.log", self._sidecar.log.read_text(errors="replace"))

    async def unless_it_dies(self, work: asyncio.Task[object], *others: asyncio.Task[None]) -> None:
        """Wait for `work`; raises its error, the first one of `others`, or the sidecar's when that dies first.

        The others may end before or go on for ever.
        """
        died = asyncio.ensure_future(self._death())
        waiting: set[asyncio.Task[object]] = {work, died, *others}
        try:
            while not work.done():
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            died.cancel()

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
        """Envoy's counters by their last name, summed over what carries the application's traffic."""
        sums: dict[str, int] = {}
        for pattern in (_UPSTREAM, _DOWNSTREAM):
            for name, value in (await self._sidecar.admin.stats(pattern)).items():
                if name.startswith(_OUR_OWN):
                    continue
                short = name.rsplit(".", 1)[-1]
                sums[short] = sums.get(short, 0) + value
        return sums

    async def memory_bytes(self) -> int:
        """What Envoy has allocated now."""
        stats = await self._sidecar.admin.stats(f"^{_MEMORY}$")
        return stats.get(_MEMORY, 0)


def _resolver(private: Path, world: World) -> tuple[str, ...]:
    """The command prefix that gives the sidecar a resolver of its own, where the firewall does not hear it."""
    if world.firewall is None or world.firewall.hears_sidecar:
        return ()
    other = private / "resolv.conf"
    other.write_text(f"nameserver {OTHER_RESOLVER}\noptions timeout:1 attempts:2\n")
    script = f'{find("mount")} --bind {other} /etc/resolv.conf && exec "$@"'
    return (find("unshare"), "--mount", "sh", "-c", script, "sh")
