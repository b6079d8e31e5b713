"""A case: manifests, and what Istio's own control plane made of them.

`python tests/envoy/case.py NAME [RELEASE]` prints the answer of one, as it is kept.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from unstale.envoy.compile import Compiled
from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import NEWEST
from unstale.istio.load import load
from unstale.istio.mesh import MeshConfig
from unstale.istio.mesh_file import load_mesh
from unstale.istio.proxy_file import load_proxy
from unstale.istio.source import Source

FOLDER = Path(__file__).parent / "cases"
REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One entry of a file in `cases`; `releases` tells the number of each release's answer, or that it refuses."""

    name: str
    group: str
    texts: Mapping[str, str] = field(repr=False)
    releases: Mapping[str, int | str] = field(repr=False)

    @property
    def rule_id(self) -> str:
        """`rt-02-same-vip` is `RT-2-same-vip`, as the rules are named."""
        head, _, rest = self.name.partition("-")
        number, dash, name = rest.partition("-")
        if number.isdigit() and dash and head != "random":
            return f"{head.upper()}-{int(number)}-{name}"
        return self.name

    def compiled(self, istio: str = NEWEST) -> Compiled:
        """What this project makes of it. Raises ManifestError where the release knows a field not yet."""
        manifests = load([Source(name="manifests.yaml", text=self.texts["manifests"])], istio=istio)
        return compile_manifests(manifests, proxy=self._proxy(), mesh=self._mesh(), istio=istio)

    def expected(self, istio: str = NEWEST) -> dict[str, list[Any]]:
        """What Istio made of it."""
        answer = self.releases[istio]
        assert isinstance(answer, int)
        found: dict[str, list[Any]] = _answers(self.group)[self.name]["answers"][answer]
        return found

    def _proxy(self) -> Proxy:
        if "proxy" not in self.texts:
            return Proxy()
        file = load_proxy(Source(name="proxy.yaml", text=self.texts["proxy"]))
        fields = {
            "namespace": file.namespace,
            "labels": file.labels,
            "ip_addresses": file.addresses,
            "locality": file.locality,
            "metadata": file.metadata,
            "proxy_config": file.proxy_config,
        }
        given: dict[str, Any] = {name: value for name, value in fields.items() if value}
        return Proxy(**given)

    def _mesh(self) -> MeshConfig:
        if "mesh" not in self.texts:
            return MeshConfig()
        return load_mesh(Source(name="mesh.yaml", text=self.texts["mesh"]))


@cache
def _answers(group: str) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{group}.json.gz").read_bytes()))
    return answers


def _cases() -> list[Case]:
    return [
        Case(name=name, group=path.stem, texts=texts, releases=_answers(path.stem)[name]["releases"])
        for path in sorted(FOLDER.glob("*.yaml"))
        for name, texts in yaml.load(path.read_text(), yaml.CSafeLoader).items()
    ]


CASES = _cases()
ANSWERS = [
    (case, istio) for case in CASES for istio, answer in case.releases.items() if istio == NEWEST or answer != REFUSED
]
REFUSALS = [(case, istio) for case in CASES for istio, answer in case.releases.items() if answer == REFUSED]


def id_of(value: Case | str) -> str:
    """How pytest names a case or a release."""
    return value.rule_id if isinstance(value, Case) else value


if __name__ == "__main__":
    wanted = next(case for case in CASES if case.name == sys.argv[1])
    print(json.dumps(wanted.expected(*sys.argv[2:]), indent=1))
