"""The host has addresses that the proxy does not ask for.

What it means
A pod with an IPv4 address looks up IPv4 addresses only, a dual-stack pod too unless Istio's dual-stack support is on.
A host with IPv6 addresses alone has an empty cluster then: 503 UH.

How we know
DNS, asked with `--dns`, has no address of the family that the proxy asks for (`dns_lookup_family` of the cluster); or
the pod of `--proxy` has both families and half of the host's addresses go unused.

What to do
Switch dual-stack support on (`ISTIO_DUAL_STACK`), or use a name that has addresses of the pod's family.

Bad:

    # dns: api.example.com AAAA 2001:db8::1 ttl 60
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

Good:

    # dns: api.example.com A 192.0.2.1 AAAA 2001:db8::1 ttl 60
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

from unstale.envoy.proxy import Proxy
from unstale.lint.dns_answer import DnsAnswer
from unstale.lint.finding import Severity
from unstale.lint.host_port import by_port
from unstale.lint.rule import Hit, Rule
from unstale.lint.view import View


def _check(view: View) -> Iterator[Hit]:
    proxy = view.proxy or Proxy()
    for port, _ in by_port(port for port in view.external_ports if port.is_dns and port.is_first):
        for name in port.names:
            answer = view.answer(name)
            told = _told(answer, proxy) if answer else ""
            if told:
                yield Hit(origin=port.place, message=f"{name} {told}")


def _told(answer: DnsAnswer, proxy: Proxy) -> str:
    wants_v6 = proxy.dns_lookup_family == "V6_ONLY"
    used, unused = (answer.ipv6, answer.ipv4) if wants_v6 else (answer.ipv4, answer.ipv6)
    if unused and not used:
        return f"has {', '.join(unused)} only, and the proxy asks for IPv{6 if wants_v6 else 4}"
    if unused and len(proxy.ip_versions) > 1:
        return f"has {', '.join(unused)} too, which a dual-stack pod does not use"
    return ""


RULE = Rule(
    code="UNS313",
    severity=Severity.WARNING,
    check=_check,
    needs="dns",
    why="The proxy asks for one family only, so these addresses are never used.",
    fix="Switch on Istio's dual-stack support, or use a name with addresses of the pod's family.",
)
