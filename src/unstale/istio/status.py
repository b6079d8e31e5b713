"""What a status says that the control plane itself goes by.

The API server takes no status from a manifest, so nothing in it can be wrong: what is not as expected is not read.
"""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from unstale.istio.reader import Reader
from unstale.istio.workload import IstioCondition


def addresses_in(reader: Reader, status: Node | None) -> dict[str, tuple[str, ...]]:
    """`status.addresses` of a ServiceEntry: the values of each host."""
    addresses: dict[str, tuple[str, ...]] = {}
    for _, found in _entries(reader, status, "addresses"):
        if "value" in found:
            host = found.get("host", "")
            addresses[host] = (*addresses.get(host, ()), found["value"])
    return addresses


def conditions_in(reader: Reader, status: Node | None) -> tuple[IstioCondition, ...]:
    """`status.conditions` of a WorkloadEntry."""
    return tuple(
        IstioCondition(origin=reader.origin(node), type=found["type"], status=found.get("status", ""))
        for node, found in _entries(reader, status, "conditions")
        if "type" in found
    )


def _entries(reader: Reader, status: Node | None, name: str) -> list[tuple[Node, dict[str, str]]]:
    """The texts in each map of a list."""
    items = [value for key, value in _fields(reader, status) if key == name]
    if not items or not isinstance(items[0], SequenceNode):
        return []
    return [
        (item, {key: value.value for key, value in _fields(reader, item) if isinstance(value, ScalarNode)})
        for item in items[0].value
    ]


def _fields(reader: Reader, node: Node | None) -> list[tuple[str, Node]]:
    if not isinstance(node, MappingNode):
        return []
    return [(str(key.value), value) for key, value in reader.entries(node) if isinstance(key, ScalarNode)]
