"""Answers of somebody else: an address of the host that DNS no longer names, and 404s where it had served.

Cloud addresses are given to others within minutes. Who still holds one gets answers, only not from the host: no
connection fails and Envoy sets no flag. The logs alone cannot tell that from a server that lost a route in a deploy,
since in both every address turns at one time; what DNS says of the addresses in use tells it. So without DNS answers
nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from unstale.accesslog.result import Address, Group
from unstale.diagnosis.address import host_of, is_mesh_name, is_name
from unstale.diagnosis.background import DnsAnswer
from unstale.diagnosis.case import STRANGE, Case, Scene
from unstale.diagnosis.symptom import Symptom

ENOUGH = 20
"""So many answers of each kind: a handful of 404s is every server's daily bread."""

_SERVED, _TURNED = 0.1, 0.9
"""Shares of 404s in the first and the last minute of a log of several."""

_MINUTES = 3


def strange_answers(groups: Mapping[str, Sequence[Group]], scene: Scene) -> Iterator[Case]:
    """A case for each host outside of the mesh whose answers turned to 404 or 421 at addresses that DNS gave up."""
    for host, of_host in groups.items():
        if not is_name(host) or is_mesh_name(host):
            continue
        answers = [answer for answer in scene.background.answers(host) if not answer.is_failure]
        if not answers or not _has_turned(of_host):
            continue
        addresses = tuple(_given_up(host, answers[-1], scene))
        if addresses:
            yield Case(
                host=host,
                flag="-",
                symptom=Symptom.STRANGE_ANSWER,
                count=sum(group.count for group in of_host if _is_strange(group)),
                failures=(),
                apps=(),
                groups=tuple(of_host),
                scene=scene,
                reached=addresses,
            )


def _has_turned(groups: Sequence[Group]) -> bool:
    """Whether many answers went well, many are strange, and in a longer log the strange ones took the others' place."""
    strange = sum(group.count for group in groups if _is_strange(group))
    served = sum(group.count for group in groups if _is_served(group))
    if strange < ENOUGH or served < ENOUGH:
        return False
    minutes = sorted({group.key.minute for group in groups if group.key.minute})
    if len(minutes) < _MINUTES:
        return True
    return _share(groups, minutes[0]) <= _SERVED and _share(groups, minutes[-1]) >= _TURNED


def _share(groups: Sequence[Group], minute: str) -> float:
    strange = sum(group.count for group in groups if group.key.minute == minute and _is_strange(group))
    served = sum(group.count for group in groups if group.key.minute == minute and _is_served(group))
    return strange / max(1, strange + served)


def _given_up(host: str, latest: DnsAnswer, scene: Scene) -> Iterator[str]:
    """The addresses still in use that the answer does not name; none where one of those in use is in it."""
    used = [one for name in scene.used_by.get(host, ()) if (one := scene.addresses.get(name)) is not None]
    in_use = [one for one in used if _is_in_use(one, used)]
    if in_use and not any(host_of(one.address) in latest.addresses for one in in_use):
        yield from (one.address for one in in_use)


def _is_in_use(one: Address, used: Sequence[Address]) -> bool:
    """Whether it answered in the last tenth of the time in which the host was called."""
    begun = min(other.first_success_s or 0.0 for other in used)
    last = max(other.last_success_s or 0.0 for other in used)
    return one.last_success_s is not None and one.last_success_s >= last - 0.1 * (last - begun)


def _is_strange(group: Group) -> bool:
    return group.key.status in STRANGE and not group.key.flags


def _is_served(group: Group) -> bool:
    return 200 <= group.key.status < 400 and not group.key.flags
