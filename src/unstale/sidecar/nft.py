"""Hand rules to the kernel through the `nft` program: one transaction, all or nothing."""

from __future__ import annotations

import asyncio

from unstale.model.errors import MachineError
from unstale.sidecar.programs import find


async def nft(text: str, prefix: tuple[str, ...] = ()) -> None:
    """Put `text`, in nftables' language, in force; `prefix` is a command that runs nft somewhere else.

    Raises MachineError where nft is missing or the kernel refuses.
    """
    command = (*prefix, find("nft"), "-f", "-")
    try:
        running = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise MachineError(f"{command[0]}: cannot be run ({error.strerror}).") from error
    _, complaint = await running.communicate(text.encode())
    if running.returncode != 0:
        first = (complaint.decode("utf-8", "replace").strip() or f"exit code {running.returncode}").splitlines()[0]
        raise MachineError(f"nft: refused ({first}). This needs root, or a user namespace, and a kernel with nftables.")
