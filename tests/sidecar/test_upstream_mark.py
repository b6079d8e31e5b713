"""A cluster with socket options of its own keeps the mark that lets its traffic out."""

from __future__ import annotations

from unstale.sidecar.bootstrap import MARK
from unstale.sidecar.upstream_mark import with_mark


def test_the_mark_is_added_to_a_clusters_own_options() -> None:
    own = {"level": 6, "name": 18, "int_value": 2000, "state": "STATE_PREBIND"}
    cluster = {"name": "a", "upstream_bind_config": {"socket_options": [own], "freebind": True}}
    bind = with_mark(cluster, MARK)["upstream_bind_config"]
    assert bind["freebind"] is True
    assert [(one["name"], one["int_value"]) for one in bind["socket_options"]] == [(18, 2000), (36, MARK)]
    assert cluster["upstream_bind_config"] == {"socket_options": [own], "freebind": True}


def test_a_cluster_without_options_is_left_to_the_bootstrap() -> None:
    cluster = {"name": "a"}
    assert with_mark(cluster, MARK) is cluster
