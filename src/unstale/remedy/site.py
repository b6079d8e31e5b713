"""Where a remedy works: the finding, the object and field it is about, and the other objects for the same hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from unstale.istio.duration import Duration
from unstale.lint.finding import Finding
from unstale.remedy.editing.edit import Addition, Edit, Insert, Path, Remove, Set
from unstale.remedy.facts import Encryption, HostFacts, Port
from unstale.remedy.manifest import Manifest, Value
from unstale.remedy.objects import Objects, Written, hosts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`known` is what the user told of hosts; what the manifests say of one is added to it by `facts`."""

    finding: Finding
    written: Written
    path: Path
    objects: Objects
    known: HostFacts

    @property
    def field(self) -> str:
        """The name of the field that was found fault with, empty for an item of a list."""
        return self.path[-1] if self.path and isinstance(self.path[-1], str) else ""

    def up_to(self, *names: str) -> Path | None:
        """The path as far as the item of the list that is called by the last name, or the field itself."""
        for length in range(len(self.path), 0, -1):
            head = self.path[:length]
            if isinstance(head[-1], int) and len(head) > 1 and head[-2] in names:
                return head
        return None

    @property
    def rule(self) -> Path | None:
        """The `http` rule of a VirtualService in which the finding is."""
        return self.up_to("http")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the finding's object is for; of a rule those to which it leads."""
        if self.written.kind != "VirtualService" or self.rule is None:
            return hosts_of(self.written)
        splits = self.written.get((*self.rule, "route"))
        found = [_map(_map(split).get("destination")).get("host") for split in splits or ()]
        return tuple(dict.fromkeys(str(host) for host in found if host))

    def get(self, path: Path) -> Any:
        """A value of the object."""
        return self.written.get(path)

    def set(self, path: Path, value: Value, written: Written | None = None) -> Edit:
        """Give a field of the object, or of another one, a value."""
        return Edit(place=(written or self.written).place, change=Set(path=path, value=value))

    def insert(self, path: Path, value: Value, written: Written | None = None) -> Edit:
        """Put an item into one of its lists."""
        return Edit(place=(written or self.written).place, change=Insert(path=path, value=value))

    def remove(self, path: Path, written: Written | None = None) -> Edit:
        """Take something out of it."""
        return Edit(place=(written or self.written).place, change=Remove(path=path))

    def add(self, manifest: Manifest) -> Addition:
        """A new object, behind the others of the same file."""
        return Addition(file=self.written.place.file, manifest=manifest)

    def facts(self, host: str) -> HostFacts:
        """What is known of a host, the ports and the release with it."""
        entries = self.objects.of("ServiceEntry", host)
        ports = tuple(port for entry in entries for port in _ports(entry)) or self.known.ports
        namespace = next((one.namespace for one in (*entries, self.written)), None)
        encryption = self.known.encryption
        if entries:
            is_meant = encryption is Encryption.ORIGINATED and any(port.target for port in ports)
            encryption = Encryption.ORIGINATED if is_meant or self.is_encrypted(host) else Encryption.NONE
        return replace(self.known, host=host, ports=ports, namespace=namespace, encryption=encryption)

    def is_encrypted(self, host: str) -> bool:
        """Some rule makes the sidecar speak TLS to the host."""
        return any('"tls"' in _keys(rule.spec) for rule in self.objects.of("DestinationRule", host))

    def destination_rules(self, host: str) -> list[Written]:
        """The DestinationRules for exactly this host, the one of the finding first."""
        found = self.objects.of("DestinationRule", host)
        return sorted(found, key=lambda one: one.place != self.written.place)

    def budget_s(self, rule: Path) -> float | None:
        """The time-out of an `http` rule, seconds; None where it has none."""
        return duration_s(self.get((*rule, "timeout"))) or None


def duration_s(value: Any) -> float | None:
    """A duration as it is written; None where it is not one."""
    try:
        return Duration.parse(str(value)).seconds
    except ValueError:
        return None


def _ports(entry: Written) -> Iterator[Port]:
    for port in entry.spec.get("ports") or ():
        found = _map(port)
        number = found.get("number")
        if isinstance(number, int):
            yield Port(number=number, protocol=str(found.get("protocol") or "TCP"), target=found.get("targetPort"))


def _keys(value: Any) -> str:
    """All keys of a value, for a quick look."""
    if isinstance(value, Mapping):
        return "".join(f'"{key}"{_keys(inner)}' for key, inner in value.items())
    return "".join(_keys(inner) for inner in value) if isinstance(value, list) else ""


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
