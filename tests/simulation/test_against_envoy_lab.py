"""Hundreds of calls through a real Envoy: it does with each what was foretold."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from unstale.sidecar.programs import find

pytestmark = pytest.mark.lab

HERE = Path(__file__).parent
TENTH = 10
CASES = HERE.parent / "envoy" / "cases"


def _calls() -> list[Any]:
    """Of each line the request, then headers, then the address behind @."""
    lines = (line.split("\t") for line in (HERE / "calls.tsv").read_text().splitlines())
    return [
        [
            text,
            [one for one in more if not one.startswith("@")],
            next((one[1:] for one in more if one.startswith("@")), None),
        ]
        for text, *more in lines
    ]


def _worlds() -> list[Any]:
    """The list, and every tenth case of the compiler, called as its configuration invites."""
    worlds: list[Any] = [["shop.yaml", {"manifests": (HERE / "shop.yaml").read_text()}, _calls()]]
    for group in sorted(CASES.glob("*.yaml")):
        worlds += ([name, texts, None] for name, texts in yaml.safe_load(group.read_text()).items())
    return [world for world in worlds[:1] + worlds[1::TENTH] if _is_this_pod(world[1])]


def _is_this_pod(texts: dict[str, str]) -> bool:
    """The pod of the tests has one IPv4 address, and its traffic is redirected to the usual port."""
    proxy, mesh = texts.get("proxy", ""), texts.get("mesh", "")
    return not any(word in proxy for word in ("addresses", "INTERCEPTION_MODE")) and "proxyListenPort" not in mesh


@pytest.fixture(scope="module")
def report() -> list[dict[str, Any]]:
    worlds = _worlds()
    with tempfile.TemporaryDirectory(prefix="us-") as folder:
        command = [find("unshare"), "--user", "--map-root-user", "--net", "--mount", sys.executable]
        done = subprocess.run(
            [*command, str(HERE / "observing_pod.py"), folder],
            input=json.dumps(worlds),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_envoy_does_what_was_foretold(report: list[dict[str, Any]]) -> None:
    wrong = [one for one in report if one.get("foretold") != one.get("seen")]
    assert wrong == []


def test_every_call_of_the_list_and_many_others_were_made(report: list[dict[str, Any]]) -> None:
    calls = [one for one in report if "call" in one]
    assert sum(one["case"] == "shop.yaml" for one in calls) == len(_calls())
    assert len(calls) > 300
    assert Counter(one["foretold"]["kind"] for one in calls).keys() == {"answered", "closed", "piped", "sent"}


def test_what_envoy_dumps_is_what_was_compiled(report: list[dict[str, Any]]) -> None:
    assert [one for one in report if one.get("dump_differs")] == []


def test_only_what_a_mesh_has_and_envoy_cannot_take_is_left_out(report: list[dict[str, Any]]) -> None:
    refused = [one["refused"] for one in report if "refused" in one]
    assert len(refused) < len(_worlds()) / 10
    assert [text for text in refused if not any(word in text for word in ("path: /", "inside a mesh", "Envoy"))] == []
