"""From a scan to cases: failing rows by host and flag, and the application's errors with the rows they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

from unstale.accesslog.result import AppError, Failure, Group, Scan
from unstale.diagnosis.address import host_of, is_mesh_name, is_name
from unstale.diagnosis.background import Background
from unstale.diagnosis.case import Case, Scene, first_use_s, is_success, moment_of
from unstale.diagnosis.strangers import strange_answers
from unstale.diagnosis.symptom import Symptom, of_app, of_row

NO_FLAG = "-"

_FLAG_OF = {
    Symptom.TERMINATION: "UC",
    Symptom.REFUSED: "UF",
    Symptom.UNREACHABLE: "UF",
    Symptom.CONNECT_TIMEOUT: "UF",
    Symptom.CONNECT_FAILURE: "UF",
    Symptom.TLS: "UF",
    Symptom.REMOTE_RESET: "UR",
    Symptom.LOCAL_RESET: "LR",
    Symptom.PROTOCOL_ERROR: "UPE",
    Symptom.OVERFLOW: "UO",
    Symptom.NO_HEALTHY: "UH",
    Symptom.TIMEOUT: "UT",
}
"""The flag that Envoy logs for what it told an application in its body."""

_VAGUE = frozenset({Symptom.CONNECT_FAILURE, Symptom.UNKNOWN, Symptom.OWN_ERROR})
_GUESSED = frozenset({Symptom.REFUSED, Symptom.CONNECT_TIMEOUT})
_TELLING = frozenset({Symptom.REFUSED, Symptom.UNREACHABLE, Symptom.CONNECT_TIMEOUT, Symptom.TLS, Symptom.DNS})
_LEAVES_MS = 1000
_MOST_LEAVING = 0.01


def cases_of(scan: Scan, background: Background) -> tuple[Case, ...]:
    """Every case of a scan. Clients that hang up now and then before the answer are no case: it is normal."""
    scene = _scene(scan, background)
    rows: dict[tuple[str, str], list[Failure]] = {}
    for failure in scan.failures:
        rows.setdefault((case_host(failure), flag_of(failure)), []).append(failure)
    groups = _by_host(scan.groups)
    apps = _apps(scan.app_errors, set(rows))
    found = [
        _case(host, flag, failures, apps.pop((host, flag), ()), groups.get(host, ()), scene)
        for (host, flag), failures in rows.items()
    ]
    found += [
        Case(
            host=host,
            flag=flag,
            symptom=_commonest(of_app(error) for error in errors),
            count=len(errors),
            failures=(),
            apps=tuple(errors),
            groups=(),
            scene=scene,
        )
        for (host, flag), errors in apps.items()
    ]
    found += strange_answers(groups, scene)
    return tuple(case for case in found if not _is_normal(case))


def case_host(failure: Failure) -> str:
    """Whom a failing request was for, without the port; the address it went to where nobody is named."""
    row = failure.row
    return host_of(row.host) or host_of(row.upstream_host)


def flag_of(failure: Failure) -> str:
    """Its flags sorted and joined, `-` for none."""
    return ",".join(sorted(failure.row.flags)) or NO_FLAG


def _scene(scan: Scan, background: Background) -> Scene:
    by_request: dict[str, list[Failure]] = {}
    for failure in scan.failures:
        if failure.row.request_id:
            by_request.setdefault(failure.row.request_id, []).append(failure)
    return Scene(
        addresses=scan.addresses,
        by_request={name: tuple(failures) for name, failures in by_request.items() if len(failures) > 1},
        by_host=_index((host_of(failure.row.host), failure) for failure in scan.failures),
        by_moment=tuple(sorted(_moments(scan.failures), key=itemgetter(0))),
        used_by=_index((host_of(user), name) for name, address in scan.addresses.items() for user in address.users),
        symptoms={id(failure): of_row(failure.row) for failure in scan.failures},
        first_s=scan.first_s,
        last_s=scan.last_s,
        begun_s=first_use_s(scan.addresses),
        rows=scan.lines.rows,
        background=background,
    )


def _moments(failures: Iterable[Failure]) -> Iterator[tuple[float, Failure]]:
    for failure in failures:
        moment = moment_of(failure.row)
        if moment is not None:
            yield moment, failure


_Item = TypeVar("_Item")


def _index(pairs: Iterable[tuple[str, _Item]]) -> dict[str, tuple[_Item, ...]]:
    found: dict[str, list[_Item]] = {}
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in found.items()}


def _by_host(groups: Iterable[Group]) -> dict[str, tuple[Group, ...]]:
    return _index((host_of(group.key.host), group) for group in groups)


def _case(
    host: str,
    flag: str,
    failures: Sequence[Failure],
    apps: Sequence[AppError],
    groups: tuple[Group, ...],
    scene: Scene,
) -> Case:
    symptom = _commonest(scene.symptom(failure) for failure in failures)
    counted = sum(group.count for group in groups if (group.key.flags or NO_FLAG) == flag and not is_success(group))
    return Case(
        host=host,
        flag=flag,
        symptom=_refined(symptom, apps),
        count=max(counted, len(failures)),
        failures=tuple(failures),
        apps=tuple(apps),
        groups=groups,
        scene=scene,
    )


def _commonest(symptoms: Iterable[Symptom]) -> Symptom:
    return Counter(symptoms).most_common(1)[0][0]


def _refined(symptom: Symptom, apps: Iterable[AppError]) -> Symptom:
    """Old formats say UF and no more; the body that the application received says which."""
    for told in (of_app(error) for error in apps if error.kind == "envoy-body"):
        if told in _TELLING and (symptom in _VAGUE or symptom in _GUESSED):
            return told
        if symptom is Symptom.UNKNOWN and told is not Symptom.UNKNOWN:
            return told
    return symptom


def _apps(errors: Sequence[AppError], rows: set[tuple[str, str]]) -> dict[tuple[str, str], Sequence[AppError]]:
    """The application's errors by case. What the proxy logged too is told as the proxy's case, not twice."""
    found: dict[tuple[str, str], list[AppError]] = {}
    for error in errors:
        found.setdefault(_app_case(error, rows), []).append(error)
    return dict(found)


def _app_case(error: AppError, rows: set[tuple[str, str]]) -> tuple[str, str]:
    host = host_of(error.host)
    flag = _FLAG_OF.get(of_app(error), NO_FLAG)
    own = [key for key in rows if not host or key[0] == host]
    if not own:
        return host, flag
    same = [key for key in own if flag in key[1].split(",")]
    return min(same or own, key=lambda key: (key[1] == NO_FLAG, key))


def _is_normal(case: Case) -> bool:
    """A client that leaves within a second, one request in a hundred: they close tabs and cancel calls."""
    if case.symptom is not Symptom.CLIENT_LEFT:
        return False
    total = case.count + case.successes
    return (case.typical_ms or 0) < _LEAVES_MS and case.count <= max(1.0, _MOST_LEAVING * total) and case.successes > 0


def counts_by_minute(case: Case) -> Mapping[str, int]:
    """The case's failures by minute, from the counts of all rows."""
    found: dict[str, int] = {}
    for group in case.groups:
        if group.key.minute and case.holds(group):
            found[group.key.minute] = found.get(group.key.minute, 0) + group.count
    return dict(sorted(found.items()))


def hosts_to_look_up(scan: Scan, *, most: int = 50) -> tuple[str, ...]:
    """The names that failed and that DNS outside of the mesh knows, in the order of the logs."""
    hosts = [*map(case_host, scan.failures), *(host_of(error.host) for error in scan.app_errors)]
    return tuple(dict.fromkeys(host for host in hosts if is_name(host) and not is_mesh_name(host)))[:most]
