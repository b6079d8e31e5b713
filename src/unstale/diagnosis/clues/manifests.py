"""What the manifests say of the host: known to the mesh or not, and who resolves its name."""

from __future__ import annotations

from collections.abc import Iterator

from unstale.diagnosis.address import is_mesh_name, is_name
from unstale.diagnosis.case import Case
from unstale.diagnosis.clue import Clue, Sighting


def _see(case: Case) -> Iterator[Sighting]:
    if case.scene.background.declared is None or not is_name(case.host) or is_mesh_name(case.host):
        return
    found = case.scene.background.declaration(case.host)
    if found is None:
        words = f"no ServiceEntry of the manifests names {case.host}: the mesh does not know it"
        yield Sighting(clue=Clue.NO_SERVICE_ENTRY, words=words)
    elif found.resolution.startswith(("DNS", "DYNAMIC")):
        words = f"{found.place}: ServiceEntry with resolution {found.resolution}, so the proxy resolves the name"
        yield Sighting(clue=Clue.RESOLVED_BY_PROXY, words=words)
    else:
        words = f"{found.place}: ServiceEntry with resolution {found.resolution}: nobody looks the name up again"
        yield Sighting(clue=Clue.NOT_RESOLVED_BY_PROXY, words=words)


SEE = _see
