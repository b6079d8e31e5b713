"""Loading: texts in, all resources out, or every problem of all texts at once.

A user with five mistakes wants five messages, so nothing stops at the first: a wrong document leaves the others, a
wrong field leaves its neighbours. Order is as Istio checks: first the schema of a field (what the API server refuses),
then the rules above it (what Istio's admission webhook refuses or warns of).
"""

from __future__ import annotations

from collections.abc import Iterable

from unstale.istio.destination_rule import DestinationRule
from unstale.istio.documents import documents, too_many
from unstale.istio.envoy_filter import EnvoyFilter
from unstale.istio.faults import MOST_IN_A_SOURCE, Faults
from unstale.istio.kinds import Objects
from unstale.istio.manifests import Manifests
from unstale.istio.resource import Resource, kind_of
from unstale.istio.schema import NEWEST, release_number
from unstale.istio.service_entry import ServiceEntry
from unstale.istio.sidecar import Sidecar
from unstale.istio.source import Source
from unstale.istio.validation.envoy_filter import ValueCheck
from unstale.istio.validation.rules import validate
from unstale.istio.virtual_service import VirtualService
from unstale.istio.workload import WorkloadEntryResource
from unstale.model.errors import ManifestError
from unstale.model.problem import Problem


def load(sources: Iterable[Source], *, istio: str = NEWEST, check_value: ValueCheck | None = None) -> Manifests:
    """Read and check all objects of all sources, as the given Istio release (1.24 to 1.32) would.

    Raises ManifestError with all problems that are errors, in the order of the sources and lines; InputError for an
    unknown release. Warnings come with the result. Values of EnvoyFilter patches are judged by `check_value`, if given.
    """
    release = release_number(istio)
    faults = Faults()
    objects = Objects(istio=istio, faults=faults)
    resources: list[Resource] = []
    seen: dict[tuple[str, str, str], Resource] = {}
    for source in sources:
        told = len(faults.problems)
        for document in documents(source, faults.problems):
            faults.begin_document()
            for read in objects.read(document):
                resource = read.resource
                if resource is None:
                    continue
                validate(resource, faults, release, check_value)
                _refuse_second(resource, seen, faults)
                resources.append(resource)
            if len(faults.problems) - told > MOST_IN_A_SOURCE:
                faults.problems.append(too_many(document))
                break
    if faults.errors:
        raise ManifestError(_in_order(faults.errors))
    return Manifests(
        service_entries=tuple(r for r in resources if isinstance(r, ServiceEntry)),
        virtual_services=tuple(r for r in resources if isinstance(r, VirtualService)),
        destination_rules=tuple(r for r in resources if isinstance(r, DestinationRule)),
        sidecars=tuple(r for r in resources if isinstance(r, Sidecar)),
        envoy_filters=tuple(r for r in resources if isinstance(r, EnvoyFilter)),
        workload_entries=tuple(r for r in resources if isinstance(r, WorkloadEntryResource)),
        skipped=dict(objects.skipped),
        warnings=tuple(_in_order(faults.warnings)),
    )


def _refuse_second(resource: Resource, seen: dict[tuple[str, str, str], Resource], faults: Faults) -> None:
    metadata = resource.metadata
    key = (kind_of(resource), metadata.namespace, metadata.name)
    first = seen.setdefault(key, resource)
    if first is not resource and metadata.name:
        what = f"{key[0]} {key[1]}/{key[2]} is written a second time"
        faults.error(resource.origin, what, f"The first is at {first.origin}: keep one of them.")


def _in_order(problems: list[Problem]) -> list[Problem]:
    files = {problem.origin.file: 0 for problem in problems}
    places = {file: number for number, file in enumerate(files)}
    return sorted(problems, key=lambda p: (places[p.origin.file], p.origin.line, p.origin.column))
