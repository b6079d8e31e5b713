"""Reading the file that says for which pod the configuration is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yaml.nodes import MappingNode

from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.proxy_config import ProxyConfig
from unstale.istio.reader import Reader
from unstale.istio.schema import NEWEST
from unstale.istio.shapes import message_shape
from unstale.istio.single_file import child, map_of, only_document, refuse
from unstale.istio.source import Source
from unstale.istio.validation.names import AN_ADDRESS, is_address, is_label
from unstale.istio.wording import shown

_CONFIG = "PROXY_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFile(Message):
    """One pod; `metadata` is its node metadata without the prefix `ISTIO_META_`, values that are no texts as JSON.

    `proxy_config` is the one inside of the metadata (`PROXY_CONFIG`), which is left out of it; `locality` is
    `region/zone/sub_zone`, or less of it. What is unset has the caller's own default.
    """

    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    locality: str | None = None
    cluster_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    proxy_config: ProxyConfig | None = None


def load_proxy(source: Source) -> ProxyFile:
    """What the file says. Raises ManifestError with all problems; an unknown field is one."""
    document = only_document(source)
    if document is None:
        return ProxyFile()
    faults = Faults()
    root = map_of(document, "a proxy")
    read = Reader(document, faults, NEWEST).message(root, message_shape(_Written, "the proxy file"))
    if not isinstance(read, _Written):
        refuse(faults)
        return ProxyFile()
    _check(read, faults)
    config = _proxy_config(Reader(document, faults, NEWEST), root)
    refuse(faults)
    metadata = {name: _text(value) for name, value in read.metadata.items() if name != _CONFIG}
    return ProxyFile(
        origin=read.origin,
        places=read.places,
        namespace=read.namespace,
        labels=read.labels,
        addresses=read.addresses,
        locality=read.locality,
        cluster_id=read.cluster_id,
        metadata=metadata,
        proxy_config=config,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written(Message):
    """The fields of the file; the values of the metadata are of any kind."""

    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    locality: str | None = None
    cluster_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def _check(read: _Written, faults: Faults) -> None:
    if read.namespace is not None and not is_label(read.namespace):
        faults.reject(read, "namespace", f"namespace is no namespace ({shown(read.namespace)})", "Write default.")
    for index, address in enumerate(read.addresses):
        if not is_address(address):
            faults.reject(read, f"addresses[{index}]", f"address is no IP address ({shown(address)})", AN_ADDRESS)
    if (read.locality or "").count("/") > 2:
        allowed = "Write region/zone/sub_zone, or less of it."
        faults.reject(read, "locality", f"locality has more than three parts ({shown(read.locality)})", allowed)


def _proxy_config(reader: Reader, root: MappingNode) -> ProxyConfig | None:
    """Read from its node, for the places of what is wrong in it."""
    metadata = child(root, "metadata")
    node = None if metadata is None else child(metadata, _CONFIG)
    if node is None:
        return None
    read = reader.message(node, message_shape(ProxyConfig, _CONFIG))
    return read if isinstance(read, ProxyConfig) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
