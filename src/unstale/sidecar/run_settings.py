"""What the command line of `unstale sidecar` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unstale.istio.schema import NEWEST
from unstale.istio.source import Source
from unstale.sidecar.access_log import AccessLog
from unstale.sidecar.handover import Address
from unstale.sidecar.wiring import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """`listen` None means that the command's connections are captured.

    `local_ports` of the command's loopback are this machine's. `secrets` is a folder of Secret manifests.
    """

    paths: tuple[Path, ...]
    command: tuple[str, ...] = ()
    mesh: Source | None = None
    proxy: Source | None = None
    istio: str = NEWEST
    listen: Address | None = None
    admin: Address | None = None
    access_log: AccessLog | None = None
    excluded_networks: tuple[Network, ...] = ()
    excluded_ports: tuple[int, ...] = ()
    local_ports: tuple[int, ...] = ()
    captures_dns: bool = False
    secrets: Path | None = None
    concurrency: int = 2
