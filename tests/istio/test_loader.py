"""A loader that remembers reads the same as one that begins anew, whatever became of the texts in between."""

from __future__ import annotations

import random
from typing import Any

import pytest
from manifest_mutations import MUTATIONS

from unstale.istio.loader import Loader
from unstale.istio.manifests import Manifests
from unstale.istio.source import Source
from unstale.model.errors import ManifestError

TEXT = """\
# a comment
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec: {hosts: [a.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b}
spec:
  hosts: [a.example.com]
  http: [{timeout: 5s, route: [{destination: {host: a.example.com}}]}]
---
apiVersion: v1
kind: Secret
metadata: {name: s}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: c}
"""
OTHER = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: d}
spec: {host: a.example.com}
"""


def sources(*texts: str) -> tuple[Source, ...]:
    return tuple(Source(name=f"{number}.yaml", text=text) for number, text in enumerate(texts))


def said(manifests: Manifests) -> tuple[object, ...]:
    """Equal messages may stand in different places, which comparing them does not tell."""
    places = [repr((one, one.origin, one.places)) for some in _lists(manifests) for one in some]
    return manifests, places, [str(problem) for problem in manifests.warnings]


def _lists(manifests: Manifests) -> tuple[tuple[Any, ...], ...]:
    return (
        manifests.service_entries,
        manifests.virtual_services,
        manifests.destination_rules,
        manifests.sidecars,
        manifests.envoy_filters,
        manifests.workload_entries,
    )


def outcome(loader: Loader, several: tuple[Source, ...]) -> object:
    try:
        return said(loader.load(several).manifests)
    except ManifestError as error:
        return str(error)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("5s", "6s"),
        TEXT.replace("# a comment\n", ""),
        f"---\n{TEXT}",
        TEXT.replace("---\n", "--- # more\n"),
        TEXT.replace("---\n", "...\n---\n"),
        TEXT.replace("---\n", "...\n%YAML 1.1\n---\n"),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("# a comment", "# a\x85comment"),
        TEXT.replace("# a comment", "# a\u2028comment"),
        f"\ufeff{TEXT}",
        TEXT.replace("name: b", "name: a").replace("VirtualService", "ServiceEntry"),
        TEXT.replace("5s", "5"),
        TEXT.replace("name: b}", "name: b"),
        OTHER,
        "",
        "---\n",
        "--- {}\n---\n" + TEXT,
        TEXT + "---\nkind: List\napiVersion: v1\nitems: []\n",
    ],
)
def test_it_reads_what_a_fresh_one_reads(text: str) -> None:
    loader = Loader()
    loader.load(sources(TEXT, OTHER))
    for several in (sources(text, OTHER), sources(TEXT, OTHER), sources(OTHER, text), sources(text)):
        assert outcome(loader, several) == outcome(Loader(), several)


def test_it_reads_mutated_texts_as_a_fresh_one_does() -> None:
    chance = random.Random(5)
    loader, text = Loader(), TEXT
    for step in range(300):
        text = chance.choice(MUTATIONS)(chance, TEXT if step % 5 == 0 else text)[:6000]
        assert outcome(loader, sources(OTHER, text)) == outcome(Loader(), sources(OTHER, text)), text


def test_what_did_not_change_is_the_same_object_and_the_rest_is_told() -> None:
    loader = Loader()
    first = loader.load(sources(TEXT, OTHER))
    second = loader.load(sources(TEXT.replace("5s", "6s"), OTHER))
    assert not first.is_change
    assert second.is_change
    assert second.manifests.service_entries[0] is first.manifests.service_entries[0]
    assert second.added == second.manifests.virtual_services
    assert second.removed == first.manifests.virtual_services
    third = loader.load(sources(TEXT.replace("5s", "6s"), OTHER))
    assert (third.added, third.removed) == ((), ())


def test_after_an_error_it_compares_with_what_was_loaded_last() -> None:
    loader = Loader()
    loader.load(sources(TEXT, OTHER))
    with pytest.raises(ManifestError, match="written a second time"):
        loader.load(sources(TEXT, OTHER, OTHER))
    again = loader.load(sources(TEXT, OTHER))
    assert (again.is_change, again.added, again.removed) == (True, (), ())
