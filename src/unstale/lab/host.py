"""The lab's host: the first process inside the lab's own namespaces; it forks a cell for each order it gets.

It is process 1 of its PID namespace, so whatever ends it ends every cell, server, application and Envoy with it. It
ends by itself when the runner's end of the line is closed, which the kernel sees to even after a SIGKILL.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Iterable
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from unstale.envoy.inputs import Setting, compile_sources
from unstale.lab.cell import run
from unstale.lab.namespaces import call
from unstale.lab.order import Order
from unstale.lab.policies.recommended import manifests
from unstale.lab.target import ARTICLE
from unstale.lab.world import POD_GATEWAY
from unstale.model.errors import UnstaleError
from unstale.sidecar.local import localize
from unstale.sidecar.programs import find
from unstale.sidecar.xds.encode import Encoder

PRIVATE = Path("/dev/shm")
"""Where namespaces and sockets live: a folder that every Linux has and no manifest or recording lies in.

Without namespaces it is a folder of the host's own.
"""

_RESOLVER = {
    "resolv.conf": f"nameserver {POD_GATEWAY}\noptions timeout:1 attempts:2\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_CACHES = (Path("/run/nscd"), Path("/var/run/nscd"))


def main() -> None:
    """Serve orders on the descriptor named by the first argument; the second is a private folder on the loopback."""
    runner: Connection = Connection(int(sys.argv[1]))
    private = Path(sys.argv[2]) if len(sys.argv) > 2 else PRIVATE
    try:
        if private == PRIVATE:
            _prepare_mounts()
    except UnstaleError as error:
        runner.send(("error", None, error))
        return
    _warm_up()
    gc.freeze()
    runner.send(("ready", None, None))
    _serve(runner, private)


def _warm_up() -> None:
    """What each cell would load and learn anew, once before the forks: Envoy's messages alone take 60 ms."""
    configuration = compile_sources(manifests(ARTICLE), Setting())
    Encoder().encode(localize(configuration.resources, access_log=Path(os.devnull)))


def _serve(runner: Connection, private: Path) -> None:
    cells: dict[Connection, int] = {}
    waiting: list[Connection] = []
    while True:
        for ready in wait([runner, *cells]):
            assert isinstance(ready, Connection)
            try:
                message = ready.recv()
            except EOFError:
                if ready is runner:
                    return
                _bury(ready, cells.pop(ready), runner)
                continue
            if ready is not runner:
                if message[0] == "built":
                    waiting.append(ready)
                runner.send(message)
            elif message[0] == "run":
                cells[_start(message[1], [runner, *cells], private)] = message[1].number
            else:
                # Only those that wait for it: what a cell leaves unread breaks its line when it ends.
                _tell_all(waiting, message)
                waiting.clear()


def _tell_all(cells: Iterable[Connection], message: object) -> None:
    for line in cells:
        with contextlib.suppress(BrokenPipeError):
            line.send(message)


def _bury(line: Connection, number: int, runner: Connection) -> None:
    line.close()
    runner.send(("ended", number, None))
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def _start(order: Order, others: list[Connection], private: Path) -> Connection:
    mine, its = Pipe()
    if os.fork():
        its.close()
        return mine
    try:
        for other in (mine, *others):
            other.close()
        _play(order, its, private / f"c{order.number}")
    finally:
        os._exit(0)


def _play(order: Order, line: Connection, private: Path) -> None:
    def send(kind: str, value: Any) -> None:
        line.send((kind, order.number, value))

    def wait_for_go() -> None:
        send("built", None)
        line.recv()

    _keep_last_words(Path(order.folder))
    try:
        private.mkdir(mode=0o700)
        send("cell", run(order, private, lambda words: send("says", words), wait_for_go))
    except UnstaleError as error:
        send("error", error)
    except BaseException:
        send("bug", traceback.format_exc())
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _keep_last_words(folder: Path) -> None:
    """Whatever a cell's processes complain of goes to its recording."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lab.log").open("wb") as log:
            os.dup2(log.fileno(), 2)


def _prepare_mounts() -> None:
    """A private tmpfs, and the pod's own resolver for everything that runs here."""
    mount = find("mount")
    call(mount, "--make-rprivate", "/")
    call(mount, "-t", "tmpfs", "-o", "mode=0700,size=64m", "unstale", str(PRIVATE))
    for name, text in _RESOLVER.items():
        place = Path("/etc") / name
        if not place.exists():
            continue
        ours = PRIVATE / name
        ours.write_text(text)
        call(mount, "--bind", str(ours), str(place))
    for cache in _CACHES:
        if cache.is_dir() and not cache.is_symlink():
            call(mount, "-t", "tmpfs", "unstale", str(cache))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
