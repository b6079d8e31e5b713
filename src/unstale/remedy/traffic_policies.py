"""Where the traffic policy of a host's ports is written: the blocks to change, or a whole rule where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from unstale.remedy.editing.edit import Addition, Edit, Path
from unstale.remedy.facts import HostFacts
from unstale.remedy.objects import Written
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.site import Site

TOP: Path = ("spec", "trafficPolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A traffic policy in a DestinationRule; `is_shared` says that it holds for ports whose bytes pass unread too."""

    rule: Written
    path: Path
    is_shared: bool


def each_block(
    site: Site, change: Callable[[Block, HostFacts], Iterator[Edit]], *, reads_only: bool = True
) -> Iterator[Edit | Addition]:
    """Change every policy that holds for the ports of the site's hosts; a new rule for a host that has none."""
    done: set[tuple[Written | None, Path] | str] = set()
    for host in site.hosts:
        facts = site.facts(host)
        rules = site.destination_rules(host)
        if not rules:
            yield site.add(destination_rule(facts))
            continue
        for block in _blocks(rules[0], facts, reads_only=reads_only):
            mark = f"{block.rule.place}{block.path}"
            if mark not in done:
                done.add(mark)
                yield from change(block, facts)


def _blocks(rule: Written, facts: HostFacts, *, reads_only: bool) -> Iterator[Block]:
    """The entry of a port where it has one, the top of the rule otherwise."""
    entries = rule.get((*TOP, "portLevelSettings")) or []
    numbers = {_number(entry): index for index, entry in enumerate(entries)}
    ports = facts.read_ports if reads_only else facts.ports
    for port in ports or facts.ports:
        if port.number in numbers:
            yield Block(rule=rule, path=(*TOP, "portLevelSettings", numbers[port.number]), is_shared=False)
        else:
            shared = any(other.number not in numbers for other in facts.opaque_ports)
            yield Block(rule=rule, path=TOP, is_shared=shared)


def _number(entry: object) -> object:
    port = entry.get("port") if isinstance(entry, Mapping) else None
    return port.get("number") if isinstance(port, Mapping) else None
