"""Reading MeshConfig from the files that people have it in.

A MeshConfig stands bare in a file, as a text inside of the ConfigMap `istio`, in an IstioOperator or in the values of
Istio's chart. In a ConfigMap it is a block of its own YAML, whose lines must still be told as those of the file.
"""

from __future__ import annotations

from yaml.nodes import Node, ScalarNode

from unstale.istio.documents import Document
from unstale.istio.faults import Faults
from unstale.istio.mesh import MeshConfig
from unstale.istio.reader import Reader
from unstale.istio.schema import NEWEST
from unstale.istio.shapes import message_shape
from unstale.istio.single_file import child, map_of, only_document, refuse
from unstale.istio.source import Source
from unstale.istio.validation.mesh import check_mesh


def load_mesh(source: Source) -> MeshConfig:
    """The MeshConfig of a file, with Istio's defaults for what it does not say.

    Raises ManifestError with all problems; a field that Istio does not have is one.
    """
    document = only_document(source)
    if document is None:
        return MeshConfig()
    faults = Faults()
    found, node = _mesh(source, document, faults)
    refuse(faults)
    if node is None:
        return MeshConfig()
    read = Reader(found, faults, NEWEST).message(node, message_shape(MeshConfig, "MeshConfig"))
    if isinstance(read, MeshConfig):
        check_mesh(read, faults)
    refuse(faults)
    assert isinstance(read, MeshConfig)
    return read


def _mesh(source: Source, document: Document, faults: Faults) -> tuple[Document, Node | None]:
    """The document and the node in it where the MeshConfig stands; None for an empty one."""
    root = map_of(document, "mesh settings")
    kind = child(root, "kind")
    if isinstance(kind, ScalarNode) and kind.value == "ConfigMap":
        text = _descend(document, root, ("data", "mesh"), faults)
        return _in_text(source, document, text, faults)
    if isinstance(kind, ScalarNode) and kind.value == "IstioOperator":
        return document, _descend(document, root, ("spec", "meshConfig"), faults)
    if kind is not None:
        what = f"kind {getattr(kind, 'value', '')} holds no mesh settings"
        faults.error(document.origin(kind), what, "Give a MeshConfig, the ConfigMap istio or an IstioOperator.")
    return document, child(root, "meshConfig") or root


def _in_text(source: Source, document: Document, text: Node | None, faults: Faults) -> tuple[Document, Node | None]:
    """The text is read again, a block (`|`) out of the file's own lines so that places are right."""
    if text is None:
        return document, None
    if not isinstance(text, ScalarNode):
        faults.error(document.origin(text), "data.mesh is no text", "Write it as a block: mesh: |-")
        return document, None
    first = document.first_line + text.start_mark.line
    written = text.value
    if text.style == "|":
        first += 1
        written = "\n".join(source.text.split("\n")[first : document.first_line + text.end_mark.line + 1])
        written = _without_what_follows(written)
    inner = only_document(Source(name=source.name, text="\n" * first + written))
    return (document, None) if inner is None else (inner, map_of(inner, "mesh settings"))


def _without_what_follows(block: str) -> str:
    """The lines that are indented as deep as the first one."""
    lines = block.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    kept: list[str] = []
    for line in lines:
        if line.strip() and not line.startswith(indent):
            break
        kept.append(line)
    return "\n".join(kept)


def _descend(document: Document, node: Node, path: tuple[str, ...], faults: Faults) -> Node | None:
    for depth, name in enumerate(path):
        inner = child(node, name)
        if inner is None:
            faults.error(document.origin(node), f"{'.'.join(path[: depth + 1])} is missing", "It holds the settings.")
            return None
        node = inner
    return node
