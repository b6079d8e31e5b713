"""Two VirtualServices are for the same host, and one is dropped.

What it means
Sidecars do not merge VirtualServices. The oldest one whose rules are for the pod wins, the other one's rules are
nowhere.

How we know
Two VirtualServices with rules of the same kind are for sidecars, name the same host, and `exportTo` lets a namespace
see both. Those that name other pods, namespaces or gateways in each of their rules are left alone.

What to do
Merge them into one, or let one delegate to the other.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: first
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - timeout: 5s
        route: [{destination: {host: api.example.com}}]
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: second
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - timeout: 9s
        route: [{destination: {host: api.example.com}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      location: MESH_EXTERNAL
      resolution: DNS
      ports:
      - {number: 80, name: http, protocol: HTTP}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata:
      name: api
      namespace: shop
    spec:
      hosts:
      - api.example.com
      http:
      - match: [{uri: {prefix: /slow}}]
        timeout: 9s
        route: [{destination: {host: api.example.com}}]
      - timeout: 5s
        route: [{destination: {host: api.example.com}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.envoy.config_object import age
from unstale.envoy.export_to import resolved
from unstale.envoy.host import fqdn
from unstale.envoy.service import name_of
from unstale.istio.message import origin_of
from unstale.istio.virtual_service import VirtualService
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.same_object import is_same_object
from unstale.lint.view import View, has_common
from unstale.model.origin import Origin

_KINDS = ("http", "tls", "tcp")


def _check(view: View) -> Iterator[Hit]:
    told: set[tuple[int, int]] = set()
    for host, specs in view.mesh_virtual_services.values.items():
        if len(specs) < 2:
            continue
        ordered = sorted(specs, key=lambda one: (age(one.metadata), f"{one.metadata.name}.{one.metadata.namespace}"))
        for index, spec in enumerate(ordered):
            rival = next((one for one in ordered[:index] if _compete(one, spec, view)), None)
            if rival is not None and (id(rival), id(spec)) not in told:
                told.add((id(rival), id(spec)))
                message = f"{host} has rules in VirtualService {name_of(rival.metadata)} ({rival.origin}) too"
                yield Hit(origin=_place(spec, host), message=message)


def _place(spec: VirtualService, host: str) -> Origin:
    names = [fqdn(name, spec.metadata.namespace) for name in spec.hosts]
    return origin_of(spec, f"hosts[{names.index(host)}]")


def _compete(one: VirtualService, other: VirtualService, view: View) -> bool:
    default = view.settings.default_virtual_service_export_to
    seen = [resolved(spec.export_to, spec.metadata.namespace, default) for spec in (one, other)]
    if is_same_object(one.metadata, other.metadata) or not has_common(*seen):
        return False
    return any(_is_for_all(one, kind) and _is_for_all(other, kind) for kind in _KINDS)


def _is_for_all(spec: VirtualService, kind: str) -> bool:
    """Some rule of this kind is not limited to certain pods, namespaces, gateways or ports."""
    limits = ("source_labels", "source_namespace", "gateways", "port")
    rules = getattr(spec, kind)
    return any(
        not rule.match or any(not any(getattr(match, name, None) for name in limits) for match in rule.match)
        for rule in rules
    ) or (bool(rules) and kind != "http")


RULE = Rule(
    code="UNS504",
    severity=Severity.ERROR,
    check=_check,
    others=("IST0109", "KIA1106"),
    why="Sidecars do not merge them: the oldest wins, the rules of the other are dropped.",
    fix="Merge the two into one VirtualService.",
)
