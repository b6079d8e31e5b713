"""Manifest files to served requests, with edits of the files under load."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from edited_pod import EDITS, RATE, manifests
from loopback import free_port
from pods import in_namespaces

from unstale.envoy.inputs import Setting
from unstale.istio.source import Source
from unstale.model.errors import ManifestError, ProxyError
from unstale.sidecar.live import Live
from unstale.sidecar.sidecar import Sidecar, SidecarSettings

pytestmark = pytest.mark.lab


def _with_free_port() -> Setting:
    return Setting(mesh=Source(name="mesh.yaml", text=f"proxyListenPort: {free_port()}"))


KEPT = "\nThe last good configuration stays in force."


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return in_namespaces("edited_pod.py")


def test_editing_manifests_under_load_fails_no_request(report: dict[str, Any]) -> None:
    assert set(report["answers"]) == {"200 origin"}
    assert report["answers"]["200 origin"] > RATE
    assert len(report["edits"]) == EDITS
    assert all(re.fullmatch(r"applied in \d+ ms", outcome) for outcome in report["edits"])


def test_an_edit_that_envoy_refuses_is_told_with_its_reason_and_its_manifest(report: dict[str, Any]) -> None:
    refused = report["refused"]
    assert re.match(r"/\S+/web\.yaml:\d+:\d+: Envoy refuses the cluster outbound\|80\|\|web\.example\.com \(", refused)
    assert "less than or equal to 8388608" in refused
    assert refused.endswith(KEPT)


def test_an_edit_with_an_error_is_told_at_its_place(report: dict[str, Any]) -> None:
    assert re.match(r"/\S+/web\.yaml:\d+:\d+: ", report["wrong"])
    assert "nine" in report["wrong"]
    assert report["wrong"].endswith(KEPT)


def test_a_file_that_is_no_yaml_is_told(report: dict[str, Any]) -> None:
    assert re.match(r"/\S+/web\.yaml:\d+:\d+: ", report["broken"])
    assert report["broken"].endswith(KEPT)


def test_a_mended_file_is_applied(report: dict[str, Any]) -> None:
    assert report["mended"].startswith("applied")


def test_wrong_manifests_at_the_start_start_nothing(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(manifests(timeout="nine"))

    async def test() -> None:
        sidecar = Sidecar(SidecarSettings(folder=tmp_path / "s"))
        with pytest.raises(ManifestError, match="nine"):
            await Live(sidecar, [tmp_path], access_log=None).start()
        assert sidecar.pid is None
        assert not (tmp_path / "s").exists()

    asyncio.run(test())


def test_the_death_of_envoy_ends_the_following() -> None:
    async def test(folder: Path) -> None:
        (folder / "web.yaml").write_text(manifests(timeout="1s"))
        sidecar = Sidecar(SidecarSettings(folder=folder / "s"))
        live = Live(sidecar, [folder], access_log=None, setting=_with_free_port())
        await live.start()
        following = asyncio.create_task(live.follow(lambda edit: None))
        assert sidecar.pid is not None
        os.kill(sidecar.pid, signal.SIGKILL)
        async with asyncio.timeout(2):
            with pytest.raises(ProxyError, match="SIGKILL"):
                await following
        await sidecar.kill()

    with tempfile.TemporaryDirectory(prefix="us-") as folder:
        asyncio.run(test(Path(folder)))
