"""Fit a target and its manifests to a world: the port that is called there, who speaks TLS, when idle time-outs strike.

A policy's manifests are written for HTTP in the clear. Where the application speaks TLS, the sidecar may not take the
port for HTTP. Where the sidecar is to speak TLS, the same manifests get what every tutorial on TLS origination adds:
a DestinationRule with mode SIMPLE and the authority to trust.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import yaml

from unstale.istio.source import Source
from unstale.lab.target import Target
from unstale.lab.world import Http, Tls, World

LAB_CA = "/lab/ca.pem"
"""Stands in manifests for the file of the cell's authority, which is known only when the cell runs."""

_NAT_SLACK_S = 0.5
_RARELY_S = 1.0

Document = dict[str, Any]


def in_world(target: Target, world: World) -> Target:
    """The target as it is called in the world, which listens where it is called."""
    port = 443 if world.tls is Tls.PASSTHROUGH and target.port == 80 else target.port
    listening = world if port in world.ports else replace(world, ports=(*world.ports, port))
    return replace(target, port=port, ports=listening.ports, world=listening)


def fitted(sources: tuple[Source, ...], target: Target) -> tuple[Source, ...]:
    """The manifests as the target's world needs them; unchanged where it speaks HTTP/1.1 in the clear."""
    assert target.world is not None
    changes: list[Callable[[Document, Target], Document]] = []
    if target.world.tls is Tls.PASSTHROUGH:
        changes.append(_opaque)
    if target.world.http is not Http.HTTP1:
        changes.append(_http2)
    if target.world.tls is Tls.ORIGINATED:
        changes.append(_originating)
    if not changes:
        return sources
    documents = [[each for each in yaml.safe_load_all(source.text) if each] for source in sources]
    found = [
        replace(source, text=_text([_changed(each, changes, target) for each in group], source.text, group))
        for source, group in zip(sources, documents, strict=True)
        if target.world.tls is not Tls.PASSTHROUGH or _is_about(group, target)
    ]
    if target.world.tls is Tls.ORIGINATED:
        found += _added([each for group in documents for each in group], target)
    return tuple(found)


def with_authority(sources: tuple[Source, ...], path: str) -> tuple[Source, ...]:
    """The manifests with the authority's real file."""
    return tuple(replace(source, text=source.text.replace(LAB_CA, path)) for source in sources)


def pause_s(world: World) -> float:
    """The pause between two requests after which the world's idle time-outs have just struck, seconds."""
    if world.server.idle_s is not None:
        return world.server.idle_s + world.distance_ms / 1000
    if world.nat is not None:
        return world.nat.idle_s + _NAT_SLACK_S
    return _RARELY_S


def _changed(document: Document, changes: list[Callable[[Document, Target], Document]], target: Target) -> Document:
    for change in changes:
        document = change(document, target)
    return document


def _text(documents: list[Document], before: str, group: list[Document]) -> str:
    return before if documents == group else yaml.safe_dump_all(documents, sort_keys=False)


def _opaque(document: Document, target: Target) -> Document:
    """A ServiceEntry's port that is called with TLS is HTTPS to the sidecar."""
    return _with_protocol(document, target, "HTTPS")


def _http2(document: Document, target: Target) -> Document:
    """A port that speaks HTTP/2 says so, or the sidecar would speak HTTP/1.1 to the nodes."""
    assert target.world is not None
    return _with_protocol(document, target, "GRPC" if target.world.http is Http.GRPC else "HTTP2")


def _with_protocol(document: Document, target: Target, protocol: str) -> Document:
    if document.get("kind") != "ServiceEntry" or not _names(document, target):
        return document
    spec = document["spec"]
    ports = [
        {**port, "protocol": protocol} if port["number"] == target.port and _is_http(port) else port
        for port in spec.get("ports", ())
    ]
    return {**document, "spec": {**spec, "ports": ports}}


def _is_http(port: Document) -> bool:
    return str(port.get("protocol", "")).upper() == "HTTP"


def _originating(document: Document, target: Target) -> Document:
    if document.get("kind") != "DestinationRule" or document["spec"].get("host") != target.host:
        return document
    policy = {**(document["spec"].get("trafficPolicy") or {}), "tls": _tls(target)}
    if "portLevelSettings" in policy:
        policy["portLevelSettings"] = [_trusting(port) for port in policy["portLevelSettings"]]
    return {**document, "spec": {**document["spec"], "trafficPolicy": policy}}


def _trusting(port: Document) -> Document:
    """A port's own TLS stands in the place of the host's; where it names no authority, the lab's is the system's."""
    tls = port.get("tls")
    if not tls or tls.get("mode") != "SIMPLE" or "caCertificates" in tls or "credentialName" in tls:
        return port
    return {**port, "tls": {**tls, "caCertificates": LAB_CA}}


def _added(documents: list[Document], target: Target) -> list[Source]:
    """What the manifests lack: a ServiceEntry, which leaves the choice of address to the application, and a rule."""
    missing: list[Document] = []
    metadata = {"name": target.host.replace(".", "-")}
    if not any(each.get("kind") == "ServiceEntry" and _names(each, target) for each in documents):
        ports = [{"number": target.port, "name": "http", "protocol": "HTTP"}]
        spec = {"hosts": [target.host], "location": "MESH_EXTERNAL", "resolution": "NONE", "ports": ports}
        missing.append(_document("ServiceEntry", metadata, spec))
    if not any(each.get("kind") == "DestinationRule" and each["spec"].get("host") == target.host for each in documents):
        rule = {"host": target.host, "trafficPolicy": {"tls": _tls(target)}}
        missing.append(_document("DestinationRule", metadata, rule))
    return [Source(name="originate.yaml", text=yaml.safe_dump_all(missing, sort_keys=False))] if missing else []


def _document(kind: str, metadata: Document, spec: Document) -> Document:
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _tls(target: Target) -> Document:
    return {"mode": "SIMPLE", "caCertificates": LAB_CA, "sni": target.host, "subjectAltNames": [target.host]}


def _names(entry: Document, target: Target) -> bool:
    return target.host in entry["spec"].get("hosts", ())


def _is_about(documents: list[Document], target: Target) -> bool:
    return any(
        target.host in each["spec"].get("hosts", ()) or each["spec"].get("host") == target.host for each in documents
    )
