"""What Envoy counts: what tells of trouble always, and what the mesh or the pod asks for besides."""

from __future__ import annotations

from typing import Any

import pytest

from unstale.istio.proxy_config import ProxyStatsMatcher
from unstale.istio.source import Source
from unstale.model.errors import ManifestError
from unstale.re2.expression import is_full_match
from unstale.re2.syntax import compile_expression
from unstale.sidecar.setting import LocalSetting
from unstale.sidecar.statistics import stats_config

HOST = "cluster.outbound|80||api.example.com;"
MESH = "defaultConfig: {proxyStatsMatcher: {inclusionRegexps: ['.*upstream_rq_[0-9]+']}}"
POD = "metadata: {PROXY_CONFIG: {proxyStatsMatcher: {inclusionPrefixes: [cluster.outbound], inclusionSuffixes: [_ms]}}}"


def _keeps(config: dict[str, Any], name: str) -> bool:
    patterns = config["stats_matcher"]["inclusion_list"]["patterns"]
    return any(
        name.startswith(pattern.get("prefix", "\0"))
        or name.endswith(pattern.get("suffix", "\0"))
        or pattern.get("contains", "\0") in name
        or ("safe_regex" in pattern and is_full_match(compile_expression(pattern["safe_regex"]["regex"]), name))
        for pattern in patterns
    )


@pytest.mark.parametrize(
    "name",
    [
        f"{HOST}.upstream_cx_connect_fail",
        f"{HOST}.upstream_cx_connect_timeout",
        f"{HOST}.upstream_cx_destroy_remote_with_active_rq",
        f"{HOST}.upstream_cx_max_duration",
        f"{HOST}.upstream_rq_retry_limit_exceeded",
        f"{HOST}.upstream_rq_pending_overflow",
        f"{HOST}.upstream_rq_per_try_timeout",
        f"{HOST}.outlier_detection.ejections_active",
        f"{HOST}.membership_healthy",
        f"{HOST}.update_success",
        f"{HOST}.ssl.fail_verify_san",
        "http.outbound_0.0.0.0_80;.downstream_rq_total",
        "server.memory_allocated",
    ],
)
def test_what_tells_of_trouble_is_counted(name: str) -> None:
    assert _keeps(stats_config(), name)


@pytest.mark.parametrize("name", ["upstream_rq_200", "upstream_rq_2xx", "upstream_rq_time", "upstream_cx_length_ms"])
def test_what_every_request_would_pay_for_is_not(name: str) -> None:
    assert not _keeps(stats_config(), f"{HOST}.{name}")


def test_the_mesh_asks_for_more() -> None:
    wanted = LocalSetting(mesh=Source(name="mesh.yaml", text=MESH)).stats_matcher()
    assert wanted is not None
    assert wanted.inclusion_regexps == (".*upstream_rq_[0-9]+",)
    assert _keeps(stats_config(wanted), f"{HOST}.upstream_rq_200")


def test_the_pods_own_wish_stands_in_for_the_meshs() -> None:
    mesh, pod = Source(name="mesh.yaml", text=MESH), Source(name="pod.yaml", text=POD)
    wanted = LocalSetting(mesh=mesh, proxy=pod).stats_matcher()
    assert wanted is not None
    assert (wanted.inclusion_prefixes, wanted.inclusion_suffixes) == (("cluster.outbound",), ("_ms",))
    assert not wanted.inclusion_regexps


def test_nobody_asks_for_more() -> None:
    assert LocalSetting().stats_matcher() is None
    assert stats_config(ProxyStatsMatcher()) == stats_config()


def test_an_expression_that_envoy_would_not_start_with_is_told_at_its_line() -> None:
    mesh = Source(name="mesh.yaml", text="defaultConfig:\n  proxyStatsMatcher:\n    inclusionRegexps: ['(']\n")
    with pytest.raises(ManifestError, match=r"^mesh\.yaml:3:24: inclusionRegexps\[0\] is no regular expression \(\(: "):
        LocalSetting(mesh=mesh).stats_matcher()
