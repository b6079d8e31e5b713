"""The proxy does not look the host up, it follows the application's look-up.

What it means
With `resolution: NONE` (the default!) connections go to the address that the application looked up, as if there were no
ServiceEntry. When DNS moves, they stay; retries go to the same address again.

How we know
The ServiceEntry names a whole host, has no `addresses`, and its resolution is NONE or missing. Its cluster is of type
ORIGINAL_DST. For a wildcard there is little choice, and nothing is told; plain TCP names no host (UNS210).

What to do
Write `resolution: DNS`.

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
      resolution: NONE
      ports:
      - {number: 80, name: http, protocol: HTTP}

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
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.lint.finding import Severity
from unstale.lint.host_port import HostPort, hosts_of
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    entries: dict[int, list[HostPort]] = {}
    for port in view.external_ports:
        if _is_pinned(port):
            entries.setdefault(id(port.entry), []).append(port)
    for ports in entries.values():
        told = "resolution is NONE" if ports[0].entry.resolution else "resolution is missing, which means NONE"
        message = f"{told}, so connections to {hosts_of(ports)} stay with the address that the application looked up"
        yield Hit(origin=ports[0].resolution_place, message=message)


def _is_pinned(port: HostPort) -> bool:
    names_host = port.protocol.is_tls or not port.protocol.is_tcp
    is_name = not port.key.startswith("*") and not port.entry.addresses
    return port.service.is_passthrough and is_name and names_host


RULE = Rule(
    code="UNS302",
    severity=Severity.ERROR,
    check=_check,
    scenario="rotation-sudden",
    why="Connections are pinned to the application's look-up, and retries go to the same address.",
    fix="Write resolution: DNS.",
)
