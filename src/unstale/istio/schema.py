"""Istio's CRD schemas, read from `fields.tsv`: one tree of fields for each kind and release.

The table has a row for each field of the CRDs of Istio 1.23 to 1.32: path, type, first and last release, enum values
(`X@1.28`: since), constraints. Paths mark the items of a list with `[]` and the values of a map with `{}`. CEL rules
are only counted there; `unstale.istio.validation` has them by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from unstale.model.errors import InputError

KINDS = ("ServiceEntry", "VirtualService", "DestinationRule", "Sidecar", "EnvoyFilter", "WorkloadEntry")
NEWEST = "1.32"
RELEASES = tuple(f"1.{minor}" for minor in range(24, 33))

_ONE_OF = {
    "loadBalancer": (("simple", "consistentHash", "backendUtilization"),),
    "consistentHash": (
        ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"),
        ("ringHash", "maglev"),
    ),
    "body": (("string", "bytes"),),
    "abort": (("grpcStatus", "http2Error", "httpStatus"),),
    "delay": (("fixedDelay", "exponentialDelay"),),
    "redirect": (("port", "derivePort"),),
    "match": (("listener", "routeConfiguration", "cluster", "waypoint"),),
}
_STRING_MATCH = ("exact", "prefix", "regex")
_LARGEST = (1 << 64) - 1
_RANGES = {"int32": (-(1 << 31), (1 << 31) - 1)}


@dataclass(slots=True, kw_only=True)
class Field:
    """One field as one release knows it.

    `type` is object, map, array, string, integer, number, boolean, json (an object of any content) or any (not read).
    `fields` are those of an object, `newer` the release that brought each it does not have yet, `entry` stands for the
    items of a list or the values of a map.
    """

    name: str
    type: str
    fields: dict[str, Field] = field(default_factory=dict)
    newer: dict[str, str] = field(default_factory=dict)
    entry: Field | None = None
    enum: tuple[str, ...] = ()
    newer_enum: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    shortest: int = 0
    longest: int | None = None
    fewest: int = 0
    most: int | None = None
    is_base64: bool = False


def release_number(istio: str) -> int:
    """The minor version of a known release, 24 for "1.24"; InputError for another one."""
    if istio not in RELEASES:
        raise InputError(f"Istio release {istio!r} is not known. Known are {RELEASES[0]} to {RELEASES[-1]}.")
    return int(istio.partition(".")[2])


@lru_cache(maxsize=64)
def schema(kind: str, istio: str) -> Field:
    """The `spec` of one of KINDS as a release has it."""
    release = release_number(istio)
    root = Field(name="", type="object")
    for row in _rows():
        if row[0] == kind:
            _add(root, row, release)
    return root.fields["spec"]


@lru_cache(maxsize=1)
def _rows() -> tuple[tuple[str, ...], ...]:
    text = files("unstale.istio").joinpath("fields.tsv").read_text(encoding="utf-8")
    rows = (tuple(line.split("\t")) for line in text.splitlines()[1:])
    return tuple((*row, *[""] * (7 - len(row))) for row in rows)


def _add(root: Field, row: tuple[str, ...], release: int) -> None:
    _, path, kind, since, until, enum, constraints = row
    steps = list(_steps(path))
    parent: Field | None = root
    for step in steps[:-1]:
        parent = None if parent is None else _child(parent, step)
    if parent is None:
        return
    last = steps[-1]
    if since and release_number_of(since) > release:
        parent.newer[last] = since
        return
    if until and release_number_of(until) < release:
        return
    made = _field(_name(steps), kind, enum, constraints, release)
    if last in ("[]", "{}"):
        parent.entry = made
        parent.type = "array" if last == "[]" else "map"
    else:
        parent.fields[last] = made
        _complete(parent)


def release_number_of(since: str) -> int:
    """The minor version of any `1.x`."""
    return int(since.partition(".")[2])


def _steps(path: str) -> Iterator[str]:
    for part in path.split("."):
        name = part.rstrip("[]{}")
        yield name
        marks = part[len(name) :]
        yield from (marks[at : at + 2] for at in range(0, len(marks), 2))


def _child(parent: Field, step: str) -> Field | None:
    return parent.entry if step in ("[]", "{}") else parent.fields.get(step)


def _name(steps: list[str]) -> str:
    names = [step for step in steps if step not in ("[]", "{}")]
    if steps[-1] == "[]":
        return f"item of {names[-1]}"
    return f"value in {names[-1]}" if steps[-1] == "{}" else names[-1]


def _complete(parent: Field) -> None:
    if set(_STRING_MATCH) == set(parent.fields):
        parent.one_of = (_STRING_MATCH,)


def _field(name: str, kind: str, enum: str, constraints: str, release: int) -> Field:
    made = Field(name=name, type=kind, one_of=_ONE_OF.get(name, ()) if kind == "object" else ())
    values = [value.partition("@") for value in enum.split(",") if value]
    made.enum = tuple(v for v, _, since in values if not since or release_number_of(since) <= release)
    made.newer_enum = {v: since for v, _, since in values if v not in made.enum}
    for constraint in constraints.split():
        key, _, value = constraint.partition("=")
        _constrain(made, key, value)
    if kind == "integer" and made.maximum is None:
        made.maximum = float(_LARGEST)
    return made


def _constrain(made: Field, key: str, value: str) -> None:
    match key:
        case "required":
            made.required = tuple(value.split("+"))
        case "nullable":
            made.nullable = value == "True"
        case "minimum":
            made.minimum = float(value)
        case "maximum":
            made.maximum = float(value)
        case "minLength":
            made.shortest = int(value)
        case "maxLength":
            made.longest = int(value)
        case "minItems":
            made.fewest = int(value)
        case "maxItems" | "maxProperties":
            made.most = int(value)
        case "format" if value in _RANGES:
            made.minimum, made.maximum = _RANGES[value]
        case "format":
            made.is_base64 = value == "byte"
        case "any":
            made.type = "json"
        case "CEL" | "oneOf":
            pass
        case _:
            raise ValueError(f"fields.tsv: constraint {key!r} of {made.name} is not known")
