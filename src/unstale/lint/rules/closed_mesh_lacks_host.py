"""An external host is called that the mesh does not let through.

What it means
Under REGISTRY_ONLY only hosts of the registry can be reached. A request to another one is answered with 502, a TLS or
TCP connection is closed by BlackHoleCluster.

How we know
The mesh (`--mesh-config`) or the Sidecar of the namespace says REGISTRY_ONLY, a workload with a sidecar has the URL of
a public host in a variable or argument, and no ServiceEntry of these files is for it.

What to do
Add a ServiceEntry.

Bad:

    # mesh-config: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop, labels: {sidecar.istio.io/inject: "true"}}
    spec:
      containers: [{name: web, env: [{name: API, value: "https://api.example.com"}]}]

Good:

    # mesh-config: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop, labels: {sidecar.istio.io/inject: "true"}}
    spec:
      containers: [{name: web, env: [{name: API, value: "https://api.example.com"}]}]
    ---
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
      - {number: 443, name: tls, protocol: TLS}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.called_host import called_hosts
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for call in called_hosts(view):
        if view.is_closed(call.namespace) and not view.is_known(call.host):
            message = f"{call.workload} seems to call {call.host}, which REGISTRY_ONLY does not let through"
            yield Hit(origin=call.place, message=message)


RULE = Rule(
    code="UNS509",
    severity=Severity.WARNING,
    check=_check,
    why="Requests are answered with 502, connections are closed by BlackHoleCluster.",
    fix="Add a ServiceEntry for the host.",
)
