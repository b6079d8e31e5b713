"""TLS that the sidecar originates, so that HTTP rules hold for calls that leave encrypted.

What it does
Applications call `http://`; port 80 of the ServiceEntry gets `targetPort: 443`, and the DestinationRule `tls` with mode
SIMPLE for that port, the name that is asked for and the names that are accepted. Then the sidecar reads the requests
and can repeat them. Asked for with `--originate-tls`, because applications have to change their URLs.

How it is proved
In tls-originated-rotation-sudden, beside tls-passthrough-rotation-sudden, where nothing can be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from unstale.remedy.editing.edit import Addition, Edit
from unstale.remedy.facts import Encryption, HostFacts, Port
from unstale.remedy.manifest import Because, Manifest
from unstale.remedy.parts.destination_rule import destination_rule
from unstale.remedy.parts.service_entry import service_entry
from unstale.remedy.parts.tls import client_tls
from unstale.remedy.parts.virtual_service import virtual_service
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site


def _edits(site: Site) -> Iterator[Edit | Addition]:
    for host in site.hosts:
        facts = site.facts(host)
        if any(port.number == 80 for port in facts.read_ports):
            yield from _originate(site, host, facts)


def _originate(site: Site, host: str, facts: HostFacts) -> Iterator[Edit | Addition]:
    for entry in site.objects.of("ServiceEntry", host):
        for index, port in enumerate(entry.spec.get("ports") or []):
            if isinstance(port, Mapping) and port.get("number") == 80 and "targetPort" not in port:
                reason = "the application calls http://, the sidecar connects with TLS"
                yield site.set(("spec", "ports", index, "targetPort"), Because(443, reason), entry)
    rules = site.destination_rules(host)
    encrypted = replace(facts, encryption=Encryption.ORIGINATED)
    if not rules:
        yield site.add(destination_rule(encrypted))
        return
    path = ("spec", "trafficPolicy", "portLevelSettings")
    entries = rules[0].get(path) or []
    for index, entry in enumerate(entries):
        if isinstance(entry, Mapping) and (entry.get("port") or {}).get("number") == 80:
            if "tls" not in entry:
                yield site.set((*path, index, "tls"), client_tls(encrypted), rules[0])
            return
    policy = rules[0].get(("spec", "trafficPolicy")) or {}
    kept = {key: policy[key] for key in ("loadBalancer", "connectionPool", "outlierDetection") if key in policy}
    setting = {"port": {"number": 80}, **kept, "tls": client_tls(encrypted)}
    if entries:
        yield site.insert((*path, len(entries)), setting, rules[0])
    else:
        yield site.set(path, [setting], rules[0])


def _manifests(facts: HostFacts) -> Iterator[Manifest]:
    ports = (Port(number=80, target=443),)
    encrypted = replace(facts, encryption=Encryption.ORIGINATED, ports=ports)
    yield service_entry(encrypted)
    rules = virtual_service(encrypted)
    if rules is not None:
        yield rules
    yield destination_rule(encrypted)


REMEDY = Remedy(
    codes=("UNS201",),
    causes=("tls_mismatch", "protocol_mismatch"),
    scenarios=("tls-originated-rotation-sudden",),
    edits=_edits,
    manifests=_manifests,
    when=lambda known: known.encryption is Encryption.ORIGINATED,
)
