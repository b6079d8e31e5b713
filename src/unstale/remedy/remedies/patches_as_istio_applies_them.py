"""Patches of an EnvoyFilter written so that Istio applies what they say.

What it does
Gives the fields beside a `transport_socket` a patch of their own, for Istio applies the socket and drops them; writes a
filter's present name where the match has one that no release knows any more; takes conditions out that do not count
beside a cluster's name; and adds `ignore_health_on_host_removal` where health checks would keep an address that DNS has
dropped.

How it is proved
Unproved: the compiled clusters show that the fields arrive, and which requests that saves depends on the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unstale.lint.rules.old_filter_name import current_name
from unstale.remedy.editing.edit import Edit
from unstale.remedy.manifest import Because
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_SOCKET = ("transport_socket", "transportSocket")
_BESIDE_NAME = ("service", "subset", "portNumber")
_KINDS = {"listenerFilter": "listener", "subFilter": "http"}


def _edits(site: Site) -> Iterator[Edit]:
    match site.finding.code:
        case "UNS703":
            yield from _two_patches(site)
        case "UNS707":
            kind = next((_KINDS[step] for step in site.path if step in _KINDS), "network")
            name = current_name(str(site.get(site.path)), kind)
            if name is not None:
                yield site.set(site.path, name)
        case "UNS708":
            where = site.path[:-1]
            yield from (site.remove((*where, name)) for name in _BESIDE_NAME if site.get((*where, name)))
        case "UNS312":
            is_camel = site.field == "healthChecks"
            name = "ignoreHealthOnHostRemoval" if is_camel else "ignore_health_on_host_removal"
            yield site.set((*site.path[:-1], name), Because(True, "an address that left DNS goes, healthy or not"))


def _two_patches(site: Site) -> Iterator[Edit]:
    patch = site.up_to("configPatches")
    entry = site.get(patch) if patch else None
    if patch is None or not isinstance(entry, Mapping) or not isinstance(patch[-1], int):
        return
    value = site.get((*patch, "patch", "value"))
    if not isinstance(value, Mapping):
        return
    others = {name: inner for name, inner in value.items() if name not in _SOCKET}
    yield site.insert((*patch[:-1], patch[-1] + 1), {**entry, "patch": {**entry["patch"], "value": others}})
    for name in others:
        yield site.remove((*patch, "patch", "value", name))


REMEDY = Remedy(codes=("UNS312", "UNS703", "UNS707", "UNS708"), edits=_edits)
