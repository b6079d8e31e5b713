"""Objects around Istio's own that some rules look at: Services, Gateways, routes of the Gateway API, pods, namespaces.

They are kept as trees of YAML nodes, for every value has a place then, and of most of them one or two fields matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from unstale.istio.documents import Document
from unstale.istio.scalars import resolve
from unstale.model.origin import Origin

WORKLOADS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet")
KINDS = frozenset(
    {
        *WORKLOADS,
        *("Service", "Namespace", "Gateway", "HTTPRoute", "Telemetry"),
        *("PeerAuthentication", "RequestAuthentication", "WasmPlugin"),
    }
)


@dataclass(frozen=True, slots=True)
class Tree:
    """A value of a document; `find` goes down by keys, an empty tree stands for what is not there."""

    document: Document
    node: Node | None = None

    @property
    def origin(self) -> Origin:
        """Where the value starts; the document's own start for what is not there."""
        node = self.node or self.document.root
        assert node is not None
        return self.document.origin(node)

    @property
    def text(self) -> str:
        """A scalar as it is written, empty for anything else."""
        return str(self.node.value) if isinstance(self.node, ScalarNode) else ""

    @property
    def value(self) -> object:
        """A scalar as YAML reads it, None for anything else."""
        if not isinstance(self.node, ScalarNode):
            return None
        return resolve(self.node.value) if self.node.style is None else self.node.value

    def __bool__(self) -> bool:
        return self.node is not None

    def find(self, *keys: str) -> Tree:
        """The value under these keys, one below the other."""
        node = self.node
        for key in keys:
            entries = node.value if isinstance(node, MappingNode) else ()
            node = next((value for name, value in entries if name.value == key), None)
        return Tree(self.document, node)

    def items(self) -> Iterator[Tree]:
        """The items of a list."""
        if isinstance(self.node, SequenceNode):
            for item in self.node.value:
                yield Tree(self.document, item)

    def entries(self) -> Iterator[tuple[str, Tree]]:
        """Keys and values of a map."""
        if isinstance(self.node, MappingNode):
            for key, value in self.node.value:
                yield str(key.value), Tree(self.document, value)

    def texts(self) -> Mapping[str, str]:
        """A map of texts, such as labels."""
        return {key: tree.text for key, tree in self.entries()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """One object of another kind."""

    kind: str
    version: str
    name: str
    namespace: str
    tree: Tree

    @property
    def labels(self) -> Mapping[str, str]:
        """Its own labels."""
        return self.tree.find("metadata", "labels").texts()

    @property
    def template(self) -> Tree:
        """The pod that a workload makes, or that it is."""
        paths = (("spec", "jobTemplate", "spec", "template"), ("spec", "template"))
        return next((found for path in paths if (found := self.tree.find(*path))), self.tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All of them by kind, in the order of the texts; `unread_hosts` are hosts of ServiceEntries that are broken.

    `is_unfinished` says that an overlay (Kustomize) makes the objects from these, perhaps under other names.
    """

    objects: Mapping[str, tuple[Neighbour, ...]] = field(default_factory=dict)
    unread_hosts: frozenset[str] = frozenset()
    is_unfinished: bool = False

    def of(self, *kinds: str) -> Iterator[Neighbour]:
        """Those of these kinds."""
        for kind in kinds:
            yield from self.objects.get(kind, ())


def neighbour(document: Document, node: Node) -> Neighbour | None:
    """The object that a node is, if it is one that some rule looks at."""
    tree = Tree(document, node)
    kind = tree.find("kind").text
    if kind not in KINDS:
        return None
    return Neighbour(
        kind=kind,
        version=tree.find("apiVersion").text,
        name=tree.find("metadata", "name").text,
        namespace=tree.find("metadata", "namespace").text or "default",
        tree=tree,
    )
