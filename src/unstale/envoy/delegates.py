"""VirtualServices that leave part of their rules to others: both put together before anything else is done (RT-20).

A rule of the delegate holds only where it asks for no more than the rule that delegates to it; one that could match
anything else is dropped without a word by Istio, so it is told here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from unstale.envoy.export_to import visibility
from unstale.envoy.host import fqdn
from unstale.istio.mesh import MeshConfig
from unstale.istio.message import origin_of
from unstale.istio.virtual_service import (
    Delegate,
    Destination,
    HTTPMatchRequest,
    HTTPRoute,
    StringMatch,
    VirtualService,
)
from unstale.model.problem import Problem, Severity

_TEXTS = ("uri", "scheme", "method", "authority")
_MAPS = ("headers", "without_headers", "query_params")
_INHERITED = (
    *("rewrite", "direct_response", "timeout", "retries", "fault", "mirror", "mirror_percent", "mirror_percentage"),
    *("cors_policy", "mirrors", "headers"),
)

Key = tuple[str, str]


def with_delegates(
    specs: Iterable[VirtualService], mesh: MeshConfig
) -> tuple[tuple[VirtualService, ...], list[tuple[VirtualService, Problem]]]:
    """Those with hosts, each with the rules of its delegates in place, and what was left out of each."""
    every = tuple(specs)
    delegates = {(one.metadata.namespace, one.metadata.name): one for one in every if not one.hosts}
    left_out: list[tuple[VirtualService, Problem]] = []
    merged = []
    for spec in every:
        if not spec.hosts:
            continue
        if any(rule.delegate is not None for rule in spec.http):
            problems: list[Problem] = []
            spec = replace(spec, http=tuple(_merged(spec, delegates, mesh, problems)))
            left_out.extend((spec, problem) for problem in problems)
        merged.append(spec)
    return tuple(merged), left_out


def _merged(
    root: VirtualService, delegates: Mapping[Key, VirtualService], mesh: MeshConfig, problems: list[Problem]
) -> Iterator[HTTPRoute]:
    for rule in root.http:
        if rule.delegate is None:
            yield rule
            continue
        wanted = (rule.delegate.namespace or root.metadata.namespace, rule.delegate.name or "")
        spec = delegates.get(wanted)
        if spec is None:
            problems.append(_left_out(rule, rule.delegate, wanted, "is not there"))
        elif not _is_visible(spec, root, mesh):
            problems.append(_left_out(rule, rule.delegate, wanted, f"is not exported to {root.metadata.namespace}"))
        else:
            yield from _rules(rule, root, spec, problems)


def _is_visible(spec: VirtualService, root: VirtualService, mesh: MeshConfig) -> bool:
    viewer, default = root.metadata.namespace, mesh.default_virtual_service_export_to
    return visibility(spec.export_to, spec.metadata.namespace, viewer, default) is not None


def _rules(rule: HTTPRoute, root: VirtualService, spec: VirtualService, problems: list[Problem]) -> Iterator[HTTPRoute]:
    outer = _with_full_hosts(rule, root.metadata.namespace)
    for inner in spec.http:
        matches = _matches(rule.match, inner.match)
        if matches is None:
            problems.append(
                Problem(
                    origin=inner.origin,
                    what="no match of this rule lies within one of the rule that delegates to it",
                    allowed=f"It is left out. The delegating rule is at {rule.origin}.",
                    severity=Severity.WARNING,
                )
            )
            continue
        own = _with_full_hosts(inner, spec.metadata.namespace)
        inherited = {
            name: getattr(outer, name) for name in _INHERITED if getattr(own, name) is None or getattr(own, name) == ()
        }
        yield replace(own, match=matches, name=_joined(rule.name, inner.name), **inherited)


def _with_full_hosts(rule: HTTPRoute, namespace: str) -> HTTPRoute:
    """Short names are those of the namespace in which they were written."""

    def full(destination: Destination) -> Destination:
        return replace(destination, host=fqdn(destination.host, namespace))

    return replace(
        rule,
        route=tuple(replace(split, destination=full(split.destination)) for split in rule.route),
        mirror=full(rule.mirror) if rule.mirror else None,
        mirrors=tuple(replace(mirror, destination=full(mirror.destination)) for mirror in rule.mirrors),
    )


def _matches(root: Sequence[HTTPMatchRequest], leaf: Sequence[HTTPMatchRequest]) -> tuple[HTTPMatchRequest, ...] | None:
    """Every pair that goes together; None where some match of the delegate has no partner."""
    if not root or not leaf:
        return tuple(leaf or root)
    pairs = [[(outer, inner) for outer in root if not _are_at_odds(outer, inner)] for inner in leaf]
    if not all(pairs):
        return None
    return tuple(_match(outer, inner) for found in pairs for outer, inner in found)


def _match(outer: HTTPMatchRequest, inner: HTTPMatchRequest) -> HTTPMatchRequest:
    texts: dict[str, Any] = {name: getattr(inner, name) or getattr(outer, name) for name in _TEXTS}
    maps: dict[str, Any] = {
        name: {**getattr(outer, name), **getattr(inner, name)} for name in (*_MAPS, "source_labels")
    }
    return replace(
        inner,
        name=_joined(outer.name, inner.name),
        port=inner.port or outer.port,
        source_namespace=inner.source_namespace or outer.source_namespace,
        gateways=inner.gateways or outer.gateways,
        stat_prefix=inner.stat_prefix or outer.stat_prefix,
        **texts,
        **maps,
    )


def _are_at_odds(outer: HTTPMatchRequest, inner: HTTPMatchRequest) -> bool:
    """The inner match could hold where the outer one does not."""
    if any(_differ(getattr(outer, name), getattr(inner, name)) for name in _TEXTS):
        return True
    for name in _MAPS:
        given: Mapping[str, StringMatch] = getattr(outer, name)
        if any(_differ(given.get(key), value) for key, value in getattr(inner, name).items()):
            return True
    if any(outer.source_labels.get(key, value) != value for key, value in inner.source_labels.items()):
        return True
    namespace = outer.source_namespace
    return (
        bool(outer.ignore_uri_case) != bool(inner.ignore_uri_case)
        or bool(outer.port and inner.port and outer.port != inner.port)
        or bool(namespace and inner.source_namespace != namespace)
        or bool(outer.gateways and inner.gateways and not set(inner.gateways) <= set(outer.gateways))
        or bool(outer.gateways and len(outer.gateways) < len(inner.gateways))
    )


def _differ(outer: StringMatch | None, inner: StringMatch | None) -> bool:
    """A regular expression goes with nothing but an unset text: nobody can tell what it contains."""
    if outer is None or inner is None:
        return False
    if (outer.regex or inner.regex) and (outer.regex or outer.prefix or outer.exact):
        return True
    if outer.exact:
        return bool(inner.prefix) or inner.exact != outer.exact
    text = inner.prefix or inner.exact
    return not (outer.prefix and text and text.startswith(outer.prefix))


def _joined(outer: str | None, inner: str | None) -> str | None:
    return f"{outer}-{inner}" if outer and inner else inner or outer


def _left_out(rule: HTTPRoute, delegate: Delegate, wanted: Key, why: str) -> Problem:
    return Problem(
        origin=origin_of(rule, "delegate"),
        what=f"delegate {why} ({wanted[0]}/{wanted[1]})",
        allowed="The rule is left out with all its routes.",
        severity=Severity.WARNING,
    )
