"""A rule that says which port the HTTP rules do not hold for.

What it does
On a port with protocol HTTPS the sidecar sees encrypted bytes, so the `http` rules do nothing there. A `tls` rule says
what is true without it too: such calls pass unread, follow DNS, and have to be repeated in the application. Where
applications may call `http://` instead, `--originate-tls` makes every rule hold for them.

How it is proved
Unproved: it changes what is said, not what happens.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit
from unstale.remedy.parts.virtual_service import tls_rule
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site


def _edits(site: Site) -> Iterator[Edit]:
    """The hosts are all those of the VirtualService: the rules are for each."""
    rules = [
        tls_rule(host, port.number)
        for host in site.hosts
        if not host.startswith("*")
        for port in site.facts(host).opaque_ports
    ]
    written = site.get(("spec", "tls"))
    if not written and rules:
        yield site.set(("spec", "tls"), rules)
    for offset, rule in enumerate(rules if written else ()):
        yield site.insert(("spec", "tls", len(written) + offset), rule)


REMEDY = Remedy(codes=("UNS201",), edits=_edits)
