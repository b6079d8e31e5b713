"""External hosts that workloads seem to call: URLs in the variables and arguments of pods that have a sidecar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from unstale.lint.host_port import is_inside, is_public
from unstale.lint.surroundings import WORKLOADS, Neighbour, Tree
from unstale.lint.view import View
from unstale.model.origin import Origin

_URL = re.compile(r"\b(?:https?|grpcs?|wss?)://(?:[^\s/@\"']*@)?([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?=[:/?#\s\"',]|$)")
_INJECT = "sidecar.istio.io/inject"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledHost:
    """One host in lower case, and where it is written."""

    host: str
    workload: str
    namespace: str
    place: Origin


def called_hosts(view: View) -> Iterator[CalledHost]:
    """Each host once a workload."""
    injecting = {one.name for one in view.surroundings.of("Namespace") if _injects(one)}
    for workload in view.surroundings.of(*WORKLOADS):
        if not _has_sidecar(workload, injecting):
            continue
        seen: set[str] = set()
        for text in _texts(workload.template):
            for host in _URL.findall(text.text):
                name = host.lower()
                if name not in seen and is_public(name) and not is_inside(name):
                    seen.add(name)
                    told = f"{workload.kind} {workload.name}"
                    yield CalledHost(host=name, workload=told, namespace=workload.namespace, place=text.origin)


def _injects(namespace: Neighbour) -> bool:
    labels = namespace.labels
    return labels.get("istio-injection") == "enabled" or bool(labels.get("istio.io/rev"))


def _has_sidecar(workload: Neighbour, injecting: set[str]) -> bool:
    metadata = workload.template.find("metadata")
    said = metadata.find("labels", _INJECT).text or metadata.find("annotations", _INJECT).text
    if said:
        return said == "true"
    return workload.namespace in injecting or bool(metadata.find("labels", "istio.io/rev").text)


def _texts(template: Tree) -> Iterator[Tree]:
    for container in template.find("spec", "containers").items():
        for variable in container.find("env").items():
            yield variable.find("value")
        yield from container.find("args").items()
        yield from container.find("command").items()
