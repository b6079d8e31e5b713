"""Random edits of manifest files, the same for the same seed: objects come, go, change and move to other lines.

The objects are those of the packed cases, random ones, and a few that reach far: rules for the whole mesh, wildcards,
delegates, Sidecars. A changed object has one of its values replaced by another object's value of the same name, so
hosts get mixed up, ports clash and namespaces change; now and then the result is refused.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from case import CASES
from random_manifests import random_manifests

from unstale.istio.source import Source

Json = dict[str, Any]
FILES = ("a.yaml", "b.yaml", "c/d.yaml")

FAR = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: whole-mesh, namespace: istio-system}
spec: {host: "*", trafficPolicy: {outlierDetection: {}, connectionPool: {tcp: {maxConnections: 7}}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: wide, namespace: app}
spec: {host: "*.example.com", trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wide, namespace: app}
spec: {hosts: ["*.example.com"], http: [{timeout: 3s, route: [{destination: {host: h1.example.com}}]}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: wide, namespace: app}
spec:
  hosts: ["*.example.com"]
  resolution: NONE
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root, namespace: app}
spec:
  hosts: [h2.example.com]
  http:
  - {match: [{uri: {prefix: /a}}], delegate: {name: leaf, namespace: app}}
  - {route: [{destination: {host: h2.example.com}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: leaf, namespace: app}
spec: {http: [{match: [{uri: {prefix: /a/b}}], route: [{destination: {host: h3.example.com}}]}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: few, namespace: default}
spec: {egress: [{hosts: ["app/*", "./*", "*/h1.example.com"]}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: ports, namespace: app}
spec:
  egress:
  - {port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*/*"]}
  - {port: {number: 9000, name: any, protocol: TCP}, bind: 127.0.0.9, hosts: ["./*"]}
  - {hosts: ["*/*"]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: private, namespace: app}
spec:
  hosts: [h1.example.com, h9.other.org]
  exportTo: ["."]
  resolution: STATIC
  addresses: [203.0.113.7, 203.0.113.0/24]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 9000, name: any, protocol: TCP}]
  workloadSelector: {labels: {app: x}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: one, namespace: app}
spec: {address: 198.51.100.77, labels: {app: x, version: v1}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: hidden, namespace: default}
spec:
  hosts: [h8.example.com]
  exportTo: [elsewhere]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: to-hidden, namespace: default}
spec: {hosts: [h7.example.com], http: [{route: [{destination: {host: h8.example.com, port: {number: 80}}}]}]}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: for-all, namespace: istio-system}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_OUTBOUND, listener: {filterChain: {filter: {name: "MANAGER_FILTER"}}}}
    patch: {operation: INSERT_FIRST, value: {name: first}}
  - applyTo: CLUSTER
    match: {context: SIDECAR_OUTBOUND}
    patch: {operation: MERGE, value: {upstream_bind_config: {socket_options: [{level: 6, name: 18, int_value: 5}]}}}
  - applyTo: CLUSTER
    match: {cluster: {service: h2.example.com}}
    patch: {operation: REMOVE}
  - applyTo: FILTER_CHAIN
    match: {listener: {filterChain: {sni: h3.example.com}}}
    patch: {operation: REMOVE}
  - applyTo: NETWORK_FILTER
    match: {listener: {portNumber: 443, filterChain: {filter: {name: envoy.filters.network.tcp_proxy}}}}
    patch: {operation: INSERT_BEFORE, value: {name: before}}
  - applyTo: HTTP_ROUTE
    match: {routeConfiguration: {vhost: {name: "h1.example.com:80"}}}
    patch: {operation: MERGE, value: {name: patched}}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: adds, namespace: istio-system}
spec:
  configPatches:
  - {applyTo: VIRTUAL_HOST, match: {context: SIDECAR_OUTBOUND}, patch: {operation: MERGE, value: {require_tls: NONE}}}
  - applyTo: LISTENER
    patch:
      operation: ADD
      value:
        name: added
        address: {socket_address: {address: 127.0.0.1, port_value: 7000}}
        filter_chains:
        - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": type.googleapis.com/MANAGER
              stat_prefix: added
              rds: {config_source: {ads: {}}, route_config_name: "8080"}
""".replace("MANAGER_FILTER", "envoy.filters.network.http_connection_manager").replace(
    "MANAGER", "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)


@cache
def pool() -> tuple[Json, ...]:
    """Every object that may come."""
    texts = [case.texts["manifests"] for case in CASES] + [FAR] * 15 + [random_manifests(seed) for seed in range(40)]
    return tuple(
        document
        for text in texts
        for document in yaml.load_all(text, yaml.CSafeLoader)
        if isinstance(document, dict) and isinstance(document.get("metadata"), dict)
    )


@cache
def values() -> dict[str, list[Any]]:
    """All values of the pool by the name of their field."""
    found: dict[str, list[Any]] = {}
    for document in pool():
        for name, value in _fields(document.get("spec")):
            found.setdefault(name, []).append(value)
        for name in ("namespace", "creationTimestamp", "labels"):
            if name in document["metadata"]:
                found.setdefault(name, []).append(document["metadata"][name])
    return found


class Files:
    """Some files of manifests that are edited at random."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0
        self.documents: dict[str, list[Json]] = {name: [] for name in FILES}
        self.blank_lines = dict.fromkeys(FILES, 0)
        for _ in range(self._chance.randint(1, 25)):
            self._add()

    def sources(self) -> tuple[Source, ...]:
        """What a reader of the files gets; a file without objects is not there."""
        return tuple(
            Source(name=name, text="\n" * self.blank_lines[name] + "\n---\n".join(map(_written, documents)))
            for name, documents in self.documents.items()
            if documents
        )

    def edit(self) -> None:
        """One to three edits at once."""
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            self._chance.choice((self._add, self._add, self._remove, self._change, self._change, self._move))()

    def _add(self) -> None:
        document = copy.deepcopy(self._chance.choice(pool()))
        self._number += 1
        if self._chance.random() < 0.9 and document["kind"] not in ("Sidecar",) and "leaf" not in str(document):
            document["metadata"]["name"] = f"{document['metadata'].get('name', 'x')}-{self._number}"
        file = self.documents[self._chance.choice(FILES)]
        file.insert(self._chance.randint(0, len(file)), document)

    def _remove(self) -> None:
        file = self._file()
        if file:
            file.pop(self._chance.randrange(len(file)))

    def _change(self) -> None:
        file = self._file()
        if not file:
            return
        at = self._chance.randrange(len(file))
        document = file[at] = copy.deepcopy(file[at])
        if self._chance.random() < 0.25:
            name = self._chance.choice(("namespace", "creationTimestamp"))
            document["metadata"][name] = self._chance.choice(values()[name])
            return
        places = list(_places(document.get("spec")))
        if places:
            holder, name = self._chance.choice(places)
            holder[name] = copy.deepcopy(self._chance.choice(values().get(name, [holder[name]])))

    def _move(self) -> None:
        """Lines come in before, or an object goes to the end of another file."""
        name = self._chance.choice(FILES)
        if self._chance.random() < 0.5 or not self.documents[name]:
            self.blank_lines[name] = self._chance.randint(0, 2)
        else:
            self.documents[self._chance.choice(FILES)].append(self.documents[name].pop(0))

    def _file(self) -> list[Json]:
        return self.documents[self._chance.choice(FILES)]


def _written(document: Json) -> str:
    """Over several lines, so that what changes in one moves those behind it."""
    return json.dumps(document, indent=1)


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    for holder, name in _places(value):
        yield name, holder[name]


def _places(value: Any) -> Iterator[tuple[Json, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield value, name
            yield from _places(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner)
