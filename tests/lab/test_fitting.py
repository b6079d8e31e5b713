"""Manifests fitted to a world in which the sidecar speaks TLS trust the world's authority, whoever asks for TLS."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from unstale.istio.source import Source
from unstale.lab.fitting import LAB_CA, fitted, in_world
from unstale.lab.target import ARTICLE, Target
from unstale.lab.world import Tls, World


def _target(tls: Tls) -> Target:
    return in_world(ARTICLE, World(hosts=ARTICLE.hosts, ports=(80,), ttl_s=1, tls=tls))


def _policy(policy: dict[str, Any], tls: Tls = Tls.ORIGINATED) -> dict[str, Any]:
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "own"},
        "spec": {"host": ARTICLE.host, "trafficPolicy": policy},
    }
    made = fitted((Source(name="own.yaml", text=yaml.safe_dump(rule)),), _target(tls))
    found: dict[str, Any] = yaml.safe_load(made[0].text)["spec"]["trafficPolicy"]
    return found


def _port(tls: dict[str, Any]) -> dict[str, Any]:
    return {"portLevelSettings": [{"port": {"number": 80}, "tls": tls}]}


def test_the_host_and_a_port_that_names_no_authority_trust_the_labs() -> None:
    policy = _policy(_port({"mode": "SIMPLE", "sni": ARTICLE.host}))
    assert policy["tls"]["caCertificates"] == LAB_CA
    assert policy["portLevelSettings"][0]["tls"] == {"mode": "SIMPLE", "sni": ARTICLE.host, "caCertificates": LAB_CA}


@pytest.mark.parametrize(
    "tls",
    [
        {"mode": "DISABLE"},
        {"mode": "SIMPLE", "caCertificates": "/my/ca.pem"},
        {"mode": "SIMPLE", "credentialName": "c"},
    ],
)
def test_a_port_that_says_whom_it_trusts_is_left(tls: dict[str, Any]) -> None:
    assert _policy(_port(tls))["portLevelSettings"][0]["tls"] == tls


def test_in_the_clear_nothing_is_changed() -> None:
    assert "tls" not in _policy({}, Tls.NONE)
