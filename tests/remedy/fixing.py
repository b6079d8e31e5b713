"""Fixing a text, and what to hold the result against."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent / "envoy"))
from random_manifests import random_manifests

from unstale.istio.source import Source
from unstale.lint.registry import rules
from unstale.remedy.facts import HostFacts
from unstale.remedy.fix import Fixed, fix
from unstale.remedy.registry import remedies

_EXAMPLE = re.compile(r"^Bad:\n\n((?:    .*\n|\n)+)", re.MULTILINE)
NEWEST = "1.32"


def fixed(text: str, *, istio: str = NEWEST, name: str = "a.yaml") -> Fixed:
    """The text after all remedies."""
    return fix([Source(name=name, text=text)], known=HostFacts(host="", istio=istio))


def fixable() -> frozenset[str]:
    """The codes of all pitfalls that some remedy can end in files."""
    return frozenset(code for remedy in remedies().values() if remedy.edits for code in remedy.codes)


def bad_examples() -> Iterator[tuple[str, str]]:
    """Code and text of the bad example on each rule's page that a remedy is for."""
    for code, rule in rules().items():
        found = _EXAMPLE.search(rule.page + "\n")
        if code in fixable() and found:
            yield code, "\n".join(line[4:] for line in found[1].rstrip("\n").split("\n")) + "\n"


def written_by_hand(seed: int) -> str:
    """Random manifests in block style or JSON, with comments and empty lines where people put them."""
    chance = random.Random(seed)
    made = str(random_manifests(seed))
    documents = list(yaml.safe_load_all(made))
    if chance.random() < 0.2:
        return made + "\n"
    return "---\n".join(_commented(document, chance) for document in documents)


def _commented(document: dict[str, Any], chance: random.Random) -> str:
    text = yaml.safe_dump(document, sort_keys=False, default_flow_style=chance.choice((False, False, None)), width=1000)
    lines = []
    for line in text.splitlines():
        if chance.random() < 0.1:
            lines.append(chance.choice(("# about the next line", "", "  # further in")))
        lines.append(line + chance.choice(("", "", "", "   # why")))
    return "\n".join(lines) + "\n"


def objects_in(text: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """All objects of a text by kind, namespace and name, those in Lists too."""
    whole = [one for one in yaml.safe_load_all(text) if one]
    flat = [item for one in whole for item in (one["items"] if one["kind"] == "List" else [one])]
    return {(one["kind"], one["metadata"].get("namespace", "default"), one["metadata"]["name"]): one for one in flat}


def hosts_in(one: dict[str, Any]) -> set[str]:
    """The hosts that an object is for or leads to."""
    spec = one["spec"]
    found = set(spec.get("hosts", ())) | ({spec["host"]} if "host" in spec else set())
    for route in spec.get("http", ()):
        found |= {split["destination"]["host"] for split in route.get("route", ())}
    return {host.lower() for host in found}
