"""One value of Envoy's configuration and where it comes from.

The compiled value alone cannot say whether 10 s was written, is the mesh's or is Istio's default, and these three are
changed in different places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from unstale.envoy.resource import Json, Traced
from unstale.istio.message import NOWHERE, Message, origin_of
from unstale.model.origin import Origin

ISTIO = "Istio's default"
ENVOY = "Envoy's default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """`name: value`, and the place that says so; without one, `because` tells whose default it is."""

    name: str
    value: str
    origin: Origin | None = None
    because: str = ""

    @property
    def why(self) -> str:
        """The place, or the reason in words."""
        return str(self.origin) if self.origin else self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """How one fact is read: its text from Envoy's message, and the fields of Istio's that may have given it.

    `fields` are paths of attributes such as `connection_pool.tcp.connect_timeout`, the first that is written counts;
    `mesh` is a path in MeshConfig, which is silent where the field `replaces` is written. `read` returns None where
    there is nothing to tell.
    """

    name: str
    read: Callable[[Json], str | None]
    fields: tuple[str, ...] = ()
    mesh: str | None = None
    replaces: str | None = None
    otherwise: str = ISTIO


def facts(aspects: Iterable[Aspect], value: Json, mesh: Message | None) -> tuple[Fact, ...]:
    """All that can be told of a message of Envoy's."""
    return tuple(_facts(aspects, value, mesh))


def _facts(aspects: Iterable[Aspect], value: Json, mesh: Message | None) -> Iterator[Fact]:
    sources = value.sources if isinstance(value, Traced) else ()
    for aspect in aspects:
        text = aspect.read(value)
        if text is None:
            continue
        origin = place_of(sources, aspect.fields)
        is_replaced = aspect.replaces is not None and place_of(sources, (aspect.replaces,)) is not None
        if origin is None and mesh is not None and aspect.mesh and not is_replaced:
            origin = _written(mesh, aspect.mesh)
        yield Fact(name=aspect.name, value=text, origin=origin, because="" if origin else aspect.otherwise)


def place_of(sources: Sequence[Message], fields: Sequence[str]) -> Origin | None:
    """Where the first of the fields that is written stands."""
    found = (_written(source, path) for path in fields for source in sources)
    return next((origin for origin in found if origin is not None), None)


def _written(message: Message, path: str) -> Origin | None:
    """None where the field, or one on the way to it, is not written."""
    *way, last = path.split(".")
    for name in way:
        inner = getattr(message, name, None)
        if not isinstance(inner, Message):
            return None
        message = inner
    if last not in message.places:
        return None
    origin = origin_of(message, last)
    return None if origin == NOWHERE else origin
