"""No endpoint has the labels of the subset.

What it means
The cluster of the subset is empty, and requests to it end with 503 UH.

How we know
The host's ServiceEntry has resolution STATIC and lists its endpoints, none of them has the subset's labels, and no
`workloadSelector` brings others.

What to do
Label the endpoints, or correct the subset.

Bad:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: vm
      namespace: shop
    spec:
      hosts:
      - vm.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: 192.0.2.1, labels: {version: v1}}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: vm
      namespace: shop
    spec:
      host: vm.example.com
      subsets: [{name: v2, labels: {version: v2}}]

Good:

    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata:
      name: vm
      namespace: shop
    spec:
      hosts:
      - vm.example.com
      location: MESH_EXTERNAL
      resolution: STATIC
      ports:
      - {number: 80, name: http, protocol: HTTP}
      endpoints: [{address: 192.0.2.1, labels: {version: v1}}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata:
      name: vm
      namespace: shop
    spec:
      host: vm.example.com
      subsets: [{name: v1, labels: {version: v1}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.istio.service_entry import Resolution
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for host, rules in view.destination_rules_by_host.items():
        for rule in rules:
            service = view.find(host, view.namespace(rule.metadata.namespace))
            if service is None or service.resolution is not Resolution.STATIC or service.entry.workload_selector:
                continue
            entries = [one.entry for one in view.definitions.values[service.key]]
            known = [endpoint.labels.items() for entry in entries for endpoint in entry.endpoints]
            for subset in rule.subsets:
                if subset.labels and known and not any(subset.labels.items() <= labels for labels in known):
                    told = ", ".join(f"{name}={value}" for name, value in subset.labels.items())
                    message = f"no endpoint of {rule.host} has the labels of subset {subset.name} ({told})"
                    yield Hit(origin=subset.origin, message=message)


RULE = Rule(
    code="UNS541",
    severity=Severity.ERROR,
    check=_check,
    others=("KIA0203",),
    why="The cluster of the subset is empty: 503 UH.",
    fix="Label the endpoints, or correct the subset's labels.",
)
