from __future__ import annotations

import pytest

from unstale.comparison.compare import by_host
from unstale.comparison.reasons import Reasons
from unstale.comparison.upgrade import Upgrade, upgrade
from unstale.envoy.inputs import Setting
from unstale.istio.source import Source
from unstale.model.errors import InputError, ManifestError

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec:
  hosts: [{name}.example.com]
  location: MESH_EXTERNAL
  resolution: {resolution}
  ports: [{{number: 80, name: http, protocol: HTTP}}]
"""
NEWER = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  trafficPolicy:
    connectionPool:
      http:
        http2KeepAlive: {interval: 10s, timeout: 5s}
"""


def between(older: str, newer: str, *texts: str) -> Upgrade:
    sources = tuple(Source(name=f"{number}.yaml", text=text) for number, text in enumerate(texts))
    return upgrade(sources, Setting(), older=older, newer=newer)


def words(found: Upgrade, host: str) -> list[str | None]:
    """The first words of the reasons, each once."""
    reasons = Reasons(found)
    told = [reason for change in by_host(found.changes)[host] for reason in reasons.of(change)]
    return list(dict.fromkeys(reason.words.split(":")[0] if reason else None for reason in told))


def test_what_is_known_is_said_in_words() -> None:
    found = between("1.28", "1.31", ENTRY.format(name="api", resolution="DNS"))
    assert words(found, "api.example.com") == ["Envoy no longer counts what is left of each limit", "panic is off"]
    assert found.notes == ()


MESHES = {
    "defaultTrafficPolicy: {connectionPool: {tcp: {connectTimeout: 2s}}}": ("api.example.com", "the mesh's default"),
    "defaultConfig: {connectionSettings: {httpIdleTimeout: 9s}}": ("", "connectionSettings"),
    "outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}": ("", "outboundTrafficPolicy ALLOW_ANY_DYNAMIC_DNS"),
}


@pytest.mark.parametrize("mesh", MESHES)
def test_newer_settings_of_the_mesh_begin_to_count(mesh: str) -> None:
    host, begin = MESHES[mesh]
    source = Source(name="api.yaml", text=ENTRY.format(name="api", resolution="DNS"))
    setting = Setting(mesh=Source(name="mesh.yaml", text=mesh))
    told = words(upgrade((source,), setting, older="1.30", newer="1.31"), host)
    assert None not in told
    assert any(text is not None and text.startswith(begin) for text in told)


FILTER = """\
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: old}
spec:
  configPatches:
  - applyTo: CLUSTER
    match: {context: SIDECAR_OUTBOUND, proxy: {proxyVersion: '^1\\.30.*'}}
    patch: {operation: MERGE, value: {dns_refresh_rate: 9s}}
"""


def test_a_filter_for_certain_versions_is_named() -> None:
    found = between("1.29", "1.30", ENTRY.format(name="api", resolution="DNS") + FILTER)
    assert words(found, "api.example.com") == ["an EnvoyFilter is for certain versions of the proxy"]


def test_between_equal_releases_nothing_changes() -> None:
    assert between("1.30", "1.30", ENTRY.format(name="api", resolution="DNS")).is_empty


def test_what_the_older_release_refuses_is_told_and_counts_in_the_newer_one_only() -> None:
    text = f"{ENTRY.format(name='api', resolution='DNS')}---\n{NEWER}---\n{ENTRY.format(name='b', resolution='DNS')}"
    found = between("1.30", "1.31", text)
    assert [(one.release, str(one.problem.origin)) for one in found.refusals] == [("1.30", "0.yaml:18:9")]
    changed = by_host(found.changes)["api.example.com"]
    assert [found.refusal_behind(change) for change in changed] == [found.refusals[0]]
    assert all(found.refusal_behind(change) is None for change in by_host(found.changes)["b.example.com"])


def test_changes_that_the_configuration_does_not_show_are_noted() -> None:
    found = between("1.24", "1.31", ENTRY.format(name="api", resolution="DNS_ROUND_ROBIN"))
    assert [(note.since, [str(origin) for origin in note.origins]) for note in found.notes] == [
        (25, ["0.yaml:1:1"]),
        (31, ["0.yaml:1:1"]),
    ]


def test_what_both_refuse_is_wrong_input() -> None:
    with pytest.raises(ManifestError, match=r"0\.yaml:6:13"):
        between("1.28", "1.31", ENTRY.format(name="api", resolution="DNS").replace("MESH_EXTERNAL", "OUTSIDE"))


@pytest.mark.parametrize(("older", "newer"), [("1.31", "1.28"), ("1.2", "1.31"), ("1.28", "2")])
def test_wrong_releases_are_refused(older: str, newer: str) -> None:
    with pytest.raises(InputError):
        between(older, newer, ENTRY.format(name="api", resolution="DNS"))
