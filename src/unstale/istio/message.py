"""What all messages of Istio's API have in common: each knows where it was written.

A message that only held values could not say which line of which manifest is to blame, and the proxy's own
complaints come long after the text was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstale.model.origin import Origin

# A place is one integer, line and column: ten thousand manifests have a million of them, and the garbage collector
# looks into tuples again and again, but not into integers.
COLUMN_BITS = 32
COLUMN_MASK = (1 << COLUMN_BITS) - 1
NOWHERE = Origin(file="-", line=1, column=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Base of all messages: `origin` is where it starts, `places` tells by attribute where its values were written.

    Neither takes part in comparison. Fields are named as in Istio's protobuf (`perTryTimeout` is
    `per_try_timeout`, `from` is `from_`); unset scalars and messages are None, unset lists `()`, unset maps empty.
    """

    origin: Origin = field(default=NOWHERE, compare=False, repr=False)
    places: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)


def origin_of(message: Message, attribute: str) -> Origin:
    """The place of the value of one field, or of the whole message where that field was not written.

    `attribute` is the Python name; an item of a list is `"hosts[2]"`, an entry of a map `"labels{app}"`.
    """
    place = message.places.get(attribute)
    if place is None:
        return message.origin
    return Origin(file=message.origin.file, line=place >> COLUMN_BITS, column=place & COLUMN_MASK)
