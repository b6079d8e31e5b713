"""A localizer that remembers gives what a fresh one gives, and the same objects for what did not change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from unstale.envoy.inputs import Session, Setting, compile_sources
from unstale.envoy.resource import Resource, Resources
from unstale.istio.source import Source
from unstale.model.errors import ManifestError
from unstale.sidecar.local import Localizer, localize

LOG = Path("/var/log/access.log")

HOST = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec:
  hosts: [{name}.example.com]
  location: MESH_INTERNAL
  resolution: STATIC
  endpoints: [{{address: 198.51.100.{number}, labels: {{security.istio.io/tlsMode: {mode}}}}}]
  ports: [{{number: 80, name: http, protocol: HTTP}}, {{number: 443, name: tls, protocol: TLS}}]
"""


def text(modes: dict[str, str]) -> tuple[Source, ...]:
    hosts = (HOST.format(name=name, mode=mode, number=number) for number, (name, mode) in enumerate(modes.items()))
    return (Source(name="hosts.yaml", text="---\n".join(hosts)),)


def test_after_each_edit_it_gives_what_a_fresh_one_gives() -> None:
    session, localizer = Session(Setting()), Localizer(access_log=LOG)
    for names in ("abc", "abcd", "acd", "", "a"):
        sources = text(dict.fromkeys(names, "disabled"))
        found = localizer.localize(session.compile(sources).resources)
        assert found.as_json() == localize(compile_sources(sources, Setting()).resources, access_log=LOG).as_json()


def test_what_did_not_change_is_the_same_object() -> None:
    session, localizer = Session(Setting()), Localizer(access_log=LOG)
    before = localizer.localize(session.compile(text(dict.fromkeys("abc", "disabled"))).resources)
    after = localizer.localize(session.compile(text(dict.fromkeys("abcd", "disabled"))).resources)
    assert {id(one) for one in before.clusters} <= {id(one) for one in after.clusters}
    chains = [
        {id(chain) for one in some.listeners if one.name == "0.0.0.0_443" for chain in one.value["filter_chains"]}
        for some in (before, after)
    ]
    assert len(chains[0]) == 3
    assert chains[0] < chains[1]


def test_a_cluster_that_says_the_same_at_another_line_keeps_its_value() -> None:
    session, localizer = Session(Setting()), Localizer(access_log=LOG)
    sources = text({"a": "disabled"})
    before = localizer.localize(session.compile(sources).resources)
    moved = (replace(sources[0], text=f"# a line\n{sources[0].text}"),)
    after = localizer.localize(session.compile(moved).resources)
    for one, other in zip(before.clusters, after.clusters, strict=True):
        assert one.value is other.value
        assert [origin.line + 1 for origin in one.origins] == [origin.line for origin in other.origins]


def test_a_cluster_is_made_again_when_only_its_endpoints_are_others() -> None:
    """A sidecar that speaks the mesh's mTLS to nobody needs no certificate; to somebody it needs one."""
    localizer = Localizer(access_log=None)
    plain, marked = (_one(compile_sources(text({"a": mode}), Setting()).resources) for mode in ("disabled", "istio"))
    localizer.localize(plain)
    with pytest.raises(ManifestError, match="exists only inside a mesh"):
        localizer.localize(replace(plain, endpoints=marked.endpoints))
    assert localizer.localize(plain).as_json() == localize(plain, access_log=None).as_json()


def _one(resources: Resources) -> Resources:
    """The host's HTTP cluster and its endpoints alone."""

    def only(several: tuple[Resource, ...]) -> tuple[Resource, ...]:
        return tuple(one for one in several if one.name == "outbound|80||a.example.com")

    return Resources(clusters=only(resources.clusters), endpoints=only(resources.endpoints))
