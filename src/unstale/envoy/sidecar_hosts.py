"""The hosts that one egress listener of a Sidecar imports: `namespace/host`, with `.`, `*` and `~` (SC-4).

Comparing every service with every line of the list grows with the square of the mesh, so the lines are kept as sets
and a host is looked up by itself and by the wildcards around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from unstale.envoy.host import is_wildcard, suffix_patterns

_ANY = "*"
_OWN = "."
_EXCLUDED = "~"


@dataclass(slots=True)
class _Hosts:
    """The lines for one namespace; `inner` are the wildcards that some imported host is inside of."""

    exact: set[str] = field(default_factory=set)
    wildcards: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)
    excluded: set[str] = field(default_factory=set)

    def add(self, host: str) -> None:
        (self.wildcards if is_wildcard(host) else self.exact).add(host)
        self.inner.update(suffix_patterns(host))

    def contains(self, host: str) -> bool:
        """All that the host stands for is imported."""
        if _ANY in self.wildcards or host in self.exact:
            return True
        return bool(self.wildcards) and any(pattern in self.wildcards for pattern in suffix_patterns(host))

    def overlaps(self, host: str) -> bool:
        """Something that the host stands for is imported."""
        return self.contains(host) or (is_wildcard(host) and host in self.inner)

    def excludes(self, host: str) -> bool:
        if not self.excluded:
            return False
        return host in self.excluded or any(pattern in self.excluded for pattern in suffix_patterns(host))


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressHosts:
    """`is_exact`: every line names one host of one namespace."""

    by_namespace: dict[str, _Hosts]
    is_exact: bool

    @classmethod
    def of(cls, lines: Iterable[str], namespace: str, *, may_exclude: bool) -> EgressHosts:
        """`namespace` is the proxy's; before exclusions were known, a line with `~` imported nothing."""
        found: dict[str, _Hosts] = {}
        is_exact = True
        for line in lines:
            where, slash, host = line.partition("/")
            if not slash or "/" in host:
                continue
            is_excluded = where.startswith(_EXCLUDED) and may_exclude
            if is_excluded:
                where = where.removeprefix(_EXCLUDED) or _ANY
            hosts = found.setdefault(namespace if where == _OWN else where, _Hosts())
            if is_excluded:
                hosts.excluded.add(host)
                continue
            hosts.add(host)
            is_exact = is_exact and where != _ANY and not is_wildcard(host)
        return cls(by_namespace=found, is_exact=is_exact)

    def imports_service(self, host: str, namespace: str) -> bool:
        """A wildcard host is imported by a wildcard around it only."""
        groups = self._of(namespace)
        return any(hosts.contains(host) for hosts in groups) and not _is_excluded(groups, host)

    def imports_virtual_service(self, hosts: Iterable[str], namespace: str) -> bool:
        """One host of it is enough, and for a wildcard one imported host inside of it."""
        groups = self._of(namespace)
        return any(any(group.overlaps(host) for group in groups) and not _is_excluded(groups, host) for host in hosts)

    def _of(self, namespace: str) -> list[_Hosts]:
        return [hosts for name in (namespace, _ANY) if (hosts := self.by_namespace.get(name)) is not None]


def _is_excluded(groups: Iterable[_Hosts], host: str) -> bool:
    return any(hosts.excludes(host) for hosts in groups)
