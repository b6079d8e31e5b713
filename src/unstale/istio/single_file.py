"""Files that hold one object of settings, not a stream of resources: of a mesh or of a proxy."""

from __future__ import annotations

from yaml.nodes import MappingNode, Node

from unstale.istio.documents import Document, documents
from unstale.istio.faults import Faults
from unstale.istio.source import Source
from unstale.model.errors import ManifestError
from unstale.model.origin import Origin


def only_document(source: Source) -> Document | None:
    """The one document that is not empty, None where all are. Raises ManifestError."""
    faults = Faults()
    found = [document for document in documents(source, faults.problems) if not document.is_empty]
    for more in found[1:]:
        if more.root is not None:
            faults.error(more.origin(more.root), "a second document", "Write one document alone.")
    refuse(faults)
    return found[0] if found else None


def map_of(document: Document, noun: str) -> MappingNode:
    """The map that the document is. Raises ManifestError where it is something else."""
    root = document.root
    if not isinstance(root, MappingNode):
        faults = Faults()
        origin = Origin(file=document.file, line=1, column=1) if root is None else document.origin(root)
        faults.error(origin, f"the file is no map of {noun}", f"Write the {noun} as a map of fields.")
        refuse(faults)
    assert isinstance(root, MappingNode)
    return root


def child(node: Node, name: str) -> Node | None:
    """The value of that key, None where there is none."""
    if not isinstance(node, MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def refuse(faults: Faults) -> None:
    """Raise what was found, if any of it is an error."""
    if faults.errors:
        raise ManifestError(faults.errors)
