"""An external host is called that no ServiceEntry is for.

What it means
Its calls go to PassthroughCluster: to the address that the application looked up, without retries, and connections are
kept for as long as they are used, also after DNS has moved on. The 503 UC of stale connections comes from there.

How we know
A workload of these files has a sidecar (its label or its namespace's says so) and a variable or argument with the URL
of a public host, and no ServiceEntry here is for that host. Whether it is really called, only its log can tell.

What to do
Add a ServiceEntry with `resolution: DNS`, or limit what passes through: `connectionSettings` with
`httpMaxConnectionDuration` (Istio 1.31 or newer).

Bad:

    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web, sidecar.istio.io/inject: "true"}}
        spec:
          containers:
          - name: web
            env: [{name: API, value: "http://api.example.com/v1"}]

Good:

    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web, sidecar.istio.io/inject: "true"}}
        spec:
          containers:
          - name: web
            env: [{name: API, value: "http://api.example.com/v1"}]
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
      - {number: 80, name: http, protocol: HTTP}
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.called_host import called_hosts
from unstale.lint.finding import Severity
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    for call in called_hosts(view):
        if not view.is_known(call.host) and not view.is_closed(call.namespace):
            message = f"{call.workload} seems to call {call.host}, which no ServiceEntry of these files is for"
            yield Hit(origin=call.place, message=message)


RULE = Rule(
    code="UNS301",
    severity=Severity.ERROR,
    check=_check,
    scenario="rotation-sudden",
    why="Such calls go to PassthroughCluster: pinned to the address that was looked up, and never retried.",
    fix="Add a ServiceEntry with resolution: DNS for it.",
)
