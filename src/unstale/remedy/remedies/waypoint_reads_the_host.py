"""A label with which an ambient workload's requests to the host pass a waypoint.

What it does
Labels the ServiceEntry with `istio.io/use-waypoint`. Without a waypoint nothing in ambient mode reads HTTP, so neither
retries nor time-outs nor limits of requests hold. The waypoint itself has to be there: `istioctl waypoint apply`.

How it is proved
Unproved: the lab runs sidecars, and what a waypoint does is taken from Istio's documentation of ambient mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Manifest
from unstale.remedy.parts.service_entry import service_entry
from unstale.remedy.parts.virtual_service import virtual_service
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

LABEL = "istio.io/use-waypoint"
USUAL_NAME = "waypoint"
_REASON = "the waypoint of this namespace reads the requests; make it with: istioctl waypoint apply"


def _edits(site: Site) -> Iterator[Edit | Addition]:
    for host in site.hosts:
        for entry in site.objects.of("ServiceEntry", host):
            if entry.get(("metadata", "labels", LABEL)) is None:
                yield site.set(("metadata", "labels", LABEL), Because(USUAL_NAME, _REASON), entry)


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    entry = service_entry(facts)
    metadata = entry["metadata"]
    assert isinstance(metadata, Mapping)
    yield {**entry, "metadata": {**metadata, "labels": {LABEL: Because(USUAL_NAME, _REASON)}}}
    rules = virtual_service(facts)
    if rules is not None:
        yield rules


REMEDY = Remedy(codes=("UNS513",), edits=_edits, manifests=_manifests)
