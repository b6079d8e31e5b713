"""Envoy as a child process, by itself: what does not come up, and what will not go."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from unstale.model.errors import MachineError, ProxyError
from unstale.sidecar.binary import envoy_version, find_envoy
from unstale.sidecar.process import Launch, Process

pytestmark = pytest.mark.lab


def launch(tmp_path: Path, bootstrap: str) -> Launch:
    (tmp_path / "bootstrap.json").write_text(bootstrap)
    return Launch(binary=find_envoy(), bootstrap=tmp_path / "bootstrap.json", log=tmp_path / "envoy.log")


async def _never() -> bool:
    return False


def test_a_bad_bootstrap_is_told_in_envoys_words(tmp_path: Path) -> None:
    async def test() -> None:
        process = Process(launch(tmp_path, '{"no_such_field": 1}'))
        await process.start()
        with pytest.raises(
            ProxyError, match=r"ended by itself \(exit code 1\).*no such field: 'no_such_field'.*fields`$"
        ):
            await process.wait_until(_never, deadline_s=20, what="live")

    asyncio.run(test())


def test_an_envoy_that_does_not_get_ready_in_time_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        process = Process(launch(tmp_path, "{}"))
        await process.start()
        with pytest.raises(ProxyError, match=r"Envoy: not live after 0\.1 s\."):
            await process.wait_until(_never, deadline_s=0.1, what="live")
        await process.kill()
        assert not process.died.done()

    asyncio.run(test())


def test_an_envoy_that_ignores_sigterm_is_ended_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr("unstale.sidecar.process._TERM_S", 0.1)
        process = Process(launch(tmp_path, "{}"))
        await process.start()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        async with asyncio.timeout(5):
            await process.kill()
        assert not Path(f"/proc/{process.pid}").exists()

    asyncio.run(test())


def test_a_binary_that_cannot_be_executed_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "envoy"
    broken.write_text("not a program")
    broken.chmod(0o755)

    async def test() -> None:
        with pytest.raises(MachineError, match="cannot be run"):
            await envoy_version(broken)

    asyncio.run(test())


def test_the_installed_envoy_says_its_version() -> None:
    assert asyncio.run(envoy_version(find_envoy())).startswith("1.40.")
