"""One case of a rule: manifests, and in comments at the top what is known besides them.

# istio: 1.30
# mesh-config: {dnsRefreshRate: 5s}
# proxy: {namespace: shop, labels: {app: web}}
# dns: api.example.com A 192.0.2.1 AAAA 2001:db8::1 ttl 30
# dns: gone.example.com NXDOMAIN
# resolver: api.example.com firewall 192.0.2.7
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

from unstale.envoy.envoy_filter.value_faults import value_faults
from unstale.envoy.inputs import proxy_of
from unstale.istio.mesh_file import load_mesh
from unstale.istio.proxy_file import load_proxy
from unstale.istio.source import Source
from unstale.lint.dns_answer import DnsAnswer
from unstale.lint.finding import LintResult
from unstale.lint.ignores import ignores_in
from unstale.lint.linter import lint
from unstale.lint.reading import mesh_tree, read

_DIRECTIVE = re.compile(r"^# (istio|mesh-config|proxy|dns|resolver): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class LintCase:
    """`name` stands in the origins of what is found; `text` is the whole file."""

    name: str
    text: str

    def judge(self, select: Collection[str] = ()) -> LintResult:
        """What the linter finds in it."""
        istio = (self._directives("istio") or ["1.32"])[0]
        mesh = self._directives("mesh-config")
        proxy = self._directives("proxy")
        found = read([Source(name=self.name, text=self.text)], istio=istio, check_value=value_faults)
        return lint(
            found.manifests,
            mesh=load_mesh(self._in_place("mesh-config", mesh[0])) if mesh else None,
            proxy=proxy_of(load_proxy(self._in_place("proxy", proxy[0]))) if proxy else None,
            mesh_tree=mesh_tree(self._in_place("mesh-config", mesh[0])) if mesh else None,
            istio=istio,
            dns=self._answers or None,
            surroundings=found.surroundings,
            ignores=ignores_in([Source(name=self.name, text=self.text)]),
            select=select,
        )

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n") + 1

    def _in_place(self, name: str, value: str) -> Source:
        """The value as a text of its own, at its own place in this file."""
        before = self.text[: self.text.index(value)]
        column = len(before.rpartition("\n")[2])
        return Source(name=self.name, text="\n" * before.count("\n") + " " * column + value)

    def _directives(self, name: str) -> list[str]:
        return [value for key, value in _DIRECTIVE.findall(self.text) if key == name]

    @cached_property
    def _answers(self) -> dict[str, DnsAnswer]:
        answers: dict[str, DnsAnswer] = {}
        for line in self._directives("dns"):
            host, *words = line.split()
            answers[host] = _answer(host, words)
        for line in self._directives("resolver"):
            host, resolver, *addresses = line.split()
            known = answers[host]
            answers[host] = replace(known, resolvers=(*known.resolvers, (resolver, tuple(addresses))))
        return answers


def _answer(host: str, words: list[str]) -> DnsAnswer:
    if words[0] in ("NXDOMAIN", "NODATA", "SERVFAIL", "TIMEOUT"):
        return DnsAnswer(host=host, status=words[0])
    found: dict[str, list[str]] = {"A": [], "AAAA": [], "ttl": []}
    for kind, value in zip(words[::2], words[1::2], strict=True):
        found[kind].append(value)
    return DnsAnswer(host=host, ttl_s=int(found["ttl"][0]), ipv4=tuple(found["A"]), ipv6=tuple(found["AAAA"]))
