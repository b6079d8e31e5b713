"""The command's network namespace, seen from outside: made, configured, entered and given up.

It belongs to the holder process (`holder`). Its handles are kept open here, so that it outlives the holder.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from unstale.model.errors import MachineError
from unstale.sidecar.handover import Address
from unstale.sidecar.holder import end_everything, network_of
from unstale.sidecar.permission import why_forbidden
from unstale.sidecar.programs import find

_WITHOUT = "or do without them: unstale sidecar --listen 127.0.0.1:15080 -f PATH -- CMD"


class Namespace:
    """One network namespace, and the user namespace that owns it where the caller is not root."""

    def __init__(self, *, own_mounts: bool = False) -> None:
        self._own_mounts = own_mounts
        self._line: socket.socket | None = None
        self._holder: subprocess.Popen[bytes] | None = None
        self._handles: dict[str, int] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def holder_pid(self) -> int | None:
        """The process that keeps it."""
        return self._holder.pid if self._holder else None

    @property
    def has_user_namespace(self) -> bool:
        """Whether the caller was not root, so that it is the command's own user namespace too."""
        return "user" in self._handles

    def path(self, kind: str) -> str:
        """Where other programs find it: `net`, `user` or `mnt`."""
        return f"/proc/{os.getpid()}/fd/{self._handles[kind]}"

    def entering(self, *, folder: str | None = None) -> tuple[str, ...]:
        """The command prefix that runs a program inside, as the caller's own user, in `folder`."""
        user = (f"--user={self.path('user')}", "--preserve-credentials") if self.has_user_namespace else ()
        mounts = (f"--mount={self.path('mnt')}", f"--wd={folder}") if "mnt" in self._handles and folder else ()
        return (find("nsenter"), *user, f"--net={self.path('net')}", *mounts, "--")

    async def make(self) -> None:
        """Start the holder. Raises MachineError, in words that a user can act on, where it is not permitted."""
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._holder = subprocess.Popen(
                [
                    *(sys.executable, "-m", "unstale.sidecar.holder", str(its.fileno())),
                    *(["mounts"] if self._own_mounts else []),
                ],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._line = mine
        answer, _ = await asyncio.to_thread(self._heard)
        if "error" in answer:
            said = f"{answer['step']} namespace: {answer['error']}"
            raise MachineError(f"{why_forbidden(said)}, {_WITHOUT}")
        kinds = ("net", *(["user"] if answer["user"] else []), *(["mnt"] if self._own_mounts else []))
        for kind in kinds:
            self._handles[kind] = os.open(f"/proc/{self._holder.pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)

    async def run(self, program: str, *words: str, text: str = "") -> None:
        """Run a system program inside. Raises MachineError with its own first word of complaint."""
        answer, _ = await self._ask({"do": "run", "command": [find(program), *words], "text": text})
        if answer["status"] != 0:
            said = (answer["said"] or f"exit code {answer['status']}").splitlines()[0]
            raise MachineError(f"{program}: refused ({said}). This needs a kernel with namespaces and nftables.")

    async def listen(self, address: Address) -> socket.socket:
        """A socket that listens inside. Raises MachineError."""
        return await self._made("tcp", address)

    async def receive(self, address: Address) -> socket.socket:
        """A datagram socket that is bound inside. Raises MachineError."""
        return await self._made("udp", address)

    async def clear(self, *, grace_s: float) -> None:
        """End every process that is still inside: SIGTERM, and SIGKILL after `grace_s`; also without the holder."""
        try:
            await self._ask({"do": "end", "grace_s": grace_s})
        except MachineError:
            await asyncio.to_thread(self._end_everything, grace_s)

    async def give_up(self) -> None:
        """Let go of it; what is still inside is ended."""
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._holder is not None:
            status = await asyncio.to_thread(self._holder.wait)
            if status != 0 and "net" in self._handles:
                await asyncio.to_thread(self._end_everything, 0.0)
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()

    def _end_everything(self, grace_s: float) -> None:
        """What the holder would do if it were still there."""
        network = os.fstat(self._handles["net"]).st_ino
        assert network != network_of("self"), "never end anything in the namespace of the caller"
        end_everything(network, grace_s=grace_s)

    async def _made(self, kind: str, address: Address) -> socket.socket:
        answer, passed = await self._ask({"do": "listen", "kind": kind, "address": list(address)})
        if "error" in answer:
            raise MachineError(answer["error"])
        made = socket.socket(fileno=passed[0])
        made.setblocking(False)
        return made

    async def _ask(self, order: dict[str, Any]) -> tuple[dict[str, Any], Sequence[int]]:
        async with self._one_at_a_time:
            if self._line is None:
                raise MachineError("namespace: given up already.")
            try:
                self._line.send(json.dumps(order).encode())
            except OSError as error:
                raise MachineError(f"namespace: its holder has ended ({error.strerror}).") from error
            return await asyncio.to_thread(self._heard)

    def _heard(self) -> tuple[dict[str, Any], Sequence[int]]:
        assert self._line is not None
        try:
            message, passed, _, _ = socket.recv_fds(self._line, 1 << 20, 1)
        except ConnectionResetError:
            message, passed = b"", []
        if not message:
            raise MachineError("namespace: its holder has ended. It was killed, or the machine is out of memory.")
        answer = json.loads(message)
        assert isinstance(answer, dict)
        return answer, passed
