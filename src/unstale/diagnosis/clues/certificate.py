"""Did an address that had served show the certificate of somebody else?

A wrong certificate from the first connection on is a wrong setting. An address whose certificate was right until a
moment, and then is another's, has another owner: nobody changes names by mistake in the middle of a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from unstale.diagnosis.address import is_name
from unstale.diagnosis.case import Case, most
from unstale.diagnosis.clue import Clue, Sighting
from unstale.diagnosis.symptom import Symptom
from unstale.diagnosis.words import listed

_NAMES = re.compile(r"certificate[ _]SANs[ _]are[ _]\[([^\]]*)\]", re.I)


def _see(case: Case) -> Iterator[Sighting]:
    if case.symptom is not Symptom.TLS or not is_name(case.host):
        return
    shown = [_shown(f"{row.transport_failure} {row.details}") for row in case.rows]
    others = [names for names in shown if names and case.host not in names]
    had_served = [address for address in case.addresses if _had_served(case, address)]
    if others and most(bool(names) and case.host not in names for names in shown) and had_served:
        words = f"{listed(had_served)} served before, and now shows the certificate of {listed(others[0])}"
        yield Sighting(clue=Clue.CERTIFICATE_OF_ANOTHER, words=words)


def _shown(text: str) -> tuple[str, ...]:
    """The names in the certificate, where Envoy says them."""
    found = _NAMES.search(text)
    return tuple(name.strip(" _") for name in re.split(r",[ _]*", found.group(1))) if found else ()


def _had_served(case: Case, address: str) -> bool:
    known = case.scene.addresses.get(address)
    if known is None or known.first_success_s is None or known.first_failure_s is None:
        return False
    return known.first_success_s < known.first_failure_s


SEE = _see
