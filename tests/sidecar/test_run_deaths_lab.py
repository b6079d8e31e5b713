"""Every process of a run killed in turn, and what that costs; signals; nothing is left in any order of deaths."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from loopback import origin
from sidecar_run import (
    HERE,
    PATIENCE_S,
    USERS,
    all_end,
    children,
    environment,
    folder_for,
    is_alive,
    line,
    manifests,
    python_of,
    started,
    words_of,
)

pytestmark = pytest.mark.lab

RATE = 500
CONNECTIONS = 10


def _run(test: Callable[[Path, list[str]], Awaitable[None]], user: str = USERS[0]) -> None:
    async def within(folder: Path) -> None:
        async with origin() as web:
            (folder / "m.yaml").write_text(manifests(web.port, host="web.example.com"))
            await test(folder, ["-f", "m.yaml"])

    with folder_for(user) as folder:
        asyncio.run(within(folder))


async def _tell(running: Process, word: str) -> None:
    assert running.stdin is not None
    running.stdin.write(f"{word}\n".encode())
    await running.stdin.drain()


async def _killed_under_load(folder: Path, options: list[str], name: str, told: str) -> dict[str, int]:
    """What the load saw when one process was killed under it, and `told` was said."""
    load = [python_of(USERS[0]), str(HERE / "inside.py"), "load", str(RATE)]
    async with started(USERS[0], folder, options, load) as running:
        await line(running.stdout, until=lambda text: text == "loading\n")
        os.kill(children(running.pid)[name], signal.SIGKILL)
        if told:
            await line(running.stderr, until=lambda text: told in text)
        await _tell(running, "more")
        await line(running.stdout)
        await _tell(running, "stop")
        answers = json.loads(await line(running.stdout))
        async with asyncio.timeout(PATIENCE_S):
            assert await running.wait() == 0
    assert isinstance(answers, dict)
    return answers


def test_the_death_of_envoy_costs_what_was_under_way_and_no_more() -> None:
    async def test(folder: Path, options: list[str]) -> None:
        answers = await _killed_under_load(folder, options, "envoy", "serves again after")
        good = answers.pop("200 origin")
        assert good > RATE // 10
        assert sum(answers.values()) <= CONNECTIONS
        assert answers.keys() <= {"IncompleteReadError", "ConnectionResetError", "BrokenPipeError"}

    _run(test)


@pytest.mark.parametrize(("name", "told"), [("slirp4netns", "Starting it again."), ("holder", ""), ("heir", "")])
def test_the_death_of_what_is_not_on_the_way_costs_nothing(name: str, told: str) -> None:
    async def test(folder: Path, options: list[str]) -> None:
        assert (await _killed_under_load(folder, options, name, told)).keys() == {"200 origin"}

    _run(test)


NESTED = "sleep 1000 & echo $! ; wait"


async def _nested(running: Process) -> list[int]:
    """All processes of a run whose command has a child of its own."""
    grandchild = int(await line(running.stdout))
    found = [running.pid, grandchild, *children(running.pid).values()]
    assert len(found) == len({"unstale", "grandchild", "holder", "envoy", "heir", "slirp4netns", "sh"})
    return found


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("first", ["itself", "sh"])
def test_no_process_outlives_the_death_of_the_first(user: str, first: str) -> None:
    async def test(folder: Path, options: list[str]) -> None:
        async with started(user, folder, options, ["sh", "-c", NESTED]) as running:
            everything = await _nested(running)
            os.kill(running.pid if first == "itself" else children(running.pid)["sh"], signal.SIGKILL)
            async with asyncio.timeout(PATIENCE_S):
                assert await running.wait() == -signal.SIGKILL
            await all_end(everything)

    _run(test, user)


def test_no_process_outlives_a_run_whose_holder_was_killed() -> None:
    async def test(folder: Path, options: list[str]) -> None:
        async with started(USERS[0], folder, options, ["sh", "-c", NESTED]) as running:
            everything = await _nested(running)
            os.kill(children(running.pid)["holder"], signal.SIGKILL)
            os.kill(children(running.pid)["sh"], signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                assert await running.wait() == -signal.SIGTERM
            await all_end(everything)

    _run(test)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_is_passed_to_the_command(number: signal.Signals) -> None:
    trap = f"trap 'echo got; exit 5' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.01; done"

    async def test(folder: Path, options: list[str]) -> None:
        async with started(USERS[0], folder, options, ["sh", "-c", trap]) as running:
            await line(running.stdout)
            os.kill(running.pid, number)
            assert await line(running.stdout) == "got"
            async with asyncio.timeout(PATIENCE_S):
                assert await running.wait() == 5

    _run(test)


def test_a_signal_before_the_command_starts_ends_everything() -> None:
    async def test(folder: Path, options: list[str]) -> None:
        async with started(USERS[0], folder, options, ["sh", "-c", "echo started; sleep 1000"]) as running:
            async with asyncio.timeout(PATIENCE_S):
                while "holder" not in (found := children(running.pid)):
                    await asyncio.sleep(0.001)
            os.kill(running.pid, signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                output, _ = await running.communicate()
            assert running.returncode == -signal.SIGTERM
            assert output == b""
            await all_end(list(found.values()))

    _run(test)


COUNTING = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
seen = [signal.sigtimedwait([signal.SIGINT], patience) is not None for patience in (10, 0.3)]
print("interrupts", sum(seen), sys.stdin.isatty(), flush=True)
"""


def _read(terminal: int) -> str:
    assert select.select([terminal], [], [], PATIENCE_S)[0]
    return os.read(terminal, 1024).decode()


def test_ctrl_c_on_the_terminal_reaches_the_command_once() -> None:
    async def test(folder: Path, options: list[str]) -> None:
        words = words_of(USERS[0], options, [python_of(USERS[0]), "-c", COUNTING])
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, environment(USERS[0]))
        said = ""
        with os.fdopen(terminal, "r+b", buffering=0) as both:
            while "ready" not in said:
                said += _read(terminal)
            both.write(b"\x03")
            while "interrupts" not in said or not said.endswith("\n"):
                said += _read(terminal)
            _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        assert "interrupts 1 True" in said
        assert os.waitstatus_to_exitcode(status) == 0
        assert not is_alive(pid)

    _run(test)
