"""Host names as Istio compares them: short names, wildcards, and which of several patterns is the closest.

A naive look-up compares every host with every rule. With ten thousand of each that is a hundred million comparisons,
so patterns are indexed by their text and a host is looked up by its own suffixes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from unstale.envoy.proxy import CLUSTER_DOMAIN

T = TypeVar("T")


def is_wildcard(host: str) -> bool:
    """`*` or `*.example.com`."""
    return host.startswith("*")


def fqdn(host: str, namespace: str) -> str:
    """A name without a dot is a service of the namespace the manifest is in; upper case does not count."""
    if "." in host or is_wildcard(host) or not host:
        return host.lower()
    return f"{host}.{namespace}.svc.{CLUSTER_DOMAIN}".lower()


def is_subset_of(host: str, pattern: str) -> bool:
    """Every name that `host` stands for, `pattern` stands for too."""
    return host.endswith(pattern[1:]) if is_wildcard(pattern) else host == pattern


def overlaps(one: str, other: str) -> bool:
    """There is a name that both stand for."""
    return is_subset_of(one, other) or is_subset_of(other, one)


def suffix_patterns(host: str) -> Iterator[str]:
    """All wildcards that contain the host, the narrowest first; a wildcard contains itself."""
    text = host[1:] if is_wildcard(host) else host
    for start in range(len(text) + 1):
        yield "*" + text[start:]


def alternative_names(host: str, dns_domain: str) -> list[str]:
    """The short forms under which Kubernetes' resolver finds a service of the cluster from this namespace (RT-2)."""
    namespace, _, domain = dns_domain.partition(".svc.")
    front, found, rest = host.partition(".svc.")
    if not found or rest != domain:
        return []
    service, dot, its_namespace = front.partition(".")
    if not dot:
        return []
    names = [front, f"{front}.svc"]
    return [service, *names] if its_namespace == namespace else names


@dataclass(slots=True)
class HostIndex(Generic[T]):
    """Values by host pattern; the first value of a pattern stays."""

    values: dict[str, T] = field(default_factory=dict)
    wildcards: int = 0

    def setdefault(self, pattern: str, value: T) -> T:
        """The value of the pattern, which is this one if it is new."""
        if pattern not in self.values and is_wildcard(pattern):
            self.wildcards += 1
        return self.values.setdefault(pattern, value)

    def most_specific(self, host: str) -> T | None:
        """The value of the host itself, else that of the longest wildcard around it."""
        exact = self.values.get(host)
        return exact if exact is not None else next(self.around(host), None)

    def around(self, host: str) -> Iterator[T]:
        """The values of all wildcards that contain the host, the narrowest first."""
        if not self.wildcards:
            return
        for pattern in suffix_patterns(host):
            value = self.values.get(pattern)
            if value is not None:
                yield value
