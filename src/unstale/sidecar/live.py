"""Keep a sidecar in step with manifest files: an edit is applied, a wrong one is reported and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstale.envoy.inputs import Configuration, Session, Setting
from unstale.envoy.resource import Resources
from unstale.istio.source import Source
from unstale.model.collector import keep
from unstale.model.errors import InputError
from unstale.model.problem import Problem
from unstale.sidecar.access_log import Log
from unstale.sidecar.edits import SETTLE_S, Edition, Texts, edits
from unstale.sidecar.local import Localizer
from unstale.sidecar.manifests import Look
from unstale.sidecar.outcome import Applied, Outcome, Rejected
from unstale.sidecar.secrets import with_files
from unstale.sidecar.sidecar import Sidecar


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change of the files and what became of it.

    `outcome` is an InputError where the manifests are wrong and Envoy was not even asked.
    """

    outcome: Outcome | InputError
    warnings: tuple[Problem, ...] = ()

    @property
    def is_in_force(self) -> bool:
        return isinstance(self.outcome, Applied)

    def __str__(self) -> str:
        match self.outcome:
            case Applied(took_s=took_s):
                return f"applied in {took_s * 1000:.0f} ms"
            case InputError() | Rejected():
                return f"{self.outcome}\nThe last good configuration stays in force."
            case _:
                return "not tried: a newer one arrived"


class Live:
    """Manifest files and the sidecar that follows them.

    `access_log` is where Envoy writes its access log, None for none; `setting` is what the manifests are compiled for.
    `shape` makes of what was compiled what this sidecar gets, `last_step` gives each cluster its certificates.
    """

    def __init__(
        self,
        sidecar: Sidecar,
        paths: Sequence[Path],
        *,
        access_log: Log | None,
        setting: Setting | None = None,
        shape: Callable[[Configuration], Resources] = lambda found: found.resources,
        last_step: Callable[[dict[str, Any]], dict[str, Any]] = with_files,
        settle_s: float = SETTLE_S,
    ) -> None:
        self.sidecar = sidecar
        self._setting = setting or Setting()
        self._shape = shape
        self._session: Session | None = None
        self._localizer = Localizer(access_log=access_log, last_step=last_step)
        self._settle_s = settle_s
        self._texts = Texts(paths)
        self._seen: Look = {}

    async def start(self) -> tuple[Problem, ...]:
        """Start the sidecar with the manifests as they are; the warnings about them.

        Raises InputError (ManifestError) before anything is started, and what `Sidecar.start` raises.
        """
        self._seen = self._texts.look()
        content = self._texts.read(self._seen)
        if isinstance(content, InputError):
            raise content
        resources, warnings = await asyncio.to_thread(self._resources, content)
        await self.sidecar.start(resources)
        await asyncio.to_thread(keep)
        return warnings

    async def follow(self, on_change: Callable[[Edit], None]) -> None:
        """Apply every change of the files and tell `on_change` what became of it. Ends only with Envoy, and not even
        with it where the sidecar starts it again.

        Raises ProxyError when Envoy dies.
        """
        following = asyncio.create_task(self._follow(on_change))
        may_die = not self.sidecar.settings.restarts
        both: list[asyncio.Future[Any]] = [following, *([self.sidecar.died] if may_die else [])]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            following.cancel()
            await asyncio.wait([following])
        if may_die and self.sidecar.died.done():
            raise self.sidecar.died.result()
        following.result()

    async def _follow(self, on_change: Callable[[Edit], None]) -> None:
        async with aclosing(edits(self._texts, seen=self._seen, settle_s=self._settle_s)) as several:
            async for edition in several:
                edit = await self._apply(edition)
                if edit is not None:
                    on_change(edit)

    async def _apply(self, edition: Edition) -> Edit | None:
        """None where the files had not been finished, so that what was made of them is for nothing."""
        made = await self._attempt(edition.content)
        if not await edition.stays:
            return None
        if isinstance(made, InputError):
            return Edit(outcome=made)
        resources, warnings = made
        return Edit(outcome=await self.sidecar.apply(resources), warnings=warnings)

    async def _attempt(
        self, content: tuple[Source, ...] | InputError
    ) -> tuple[Resources, tuple[Problem, ...]] | InputError:
        if isinstance(content, InputError):
            return content
        try:
            return await asyncio.to_thread(self._resources, content)
        except InputError as error:
            return error

    def _resources(self, sources: tuple[Source, ...]) -> tuple[Resources, tuple[Problem, ...]]:
        self._session = self._session or Session(self._setting)
        found = self._session.compile(sources)
        return self._localizer.localize(self._shape(found)), found.warnings
