"""One point of the policy space: what it changes of the policy that follows from a host's facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Manifest, bare, seconds
from unstale.remedy.parts.retries import AGAIN, SAFE
from unstale.remedy.recommended import recommended

NEVER_S = 0.0


class Methods(StrEnum):
    """Which methods are repeated after a cut: split, all of them, or none."""

    SPLIT = "split"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is None is as the facts have it. Seconds; 0 s for an age or an idle time-out means that there is none.

    `backoff_s` is the first bound of the pauses. `avoids` sends a retry to an address that has not failed yet.
    """

    attempts: int | None = None
    backoff_s: float | None = None
    connect_s: float | None = None
    idle_s: float | None = None
    age_s: float | None = None
    has_outliers: bool | None = None
    avoids: bool | None = None
    methods: Methods = Methods.SPLIT

    @property
    def name(self) -> str:
        """What it changes, as in `attempts=8,backoff=0.2`; `recommended` for nothing."""
        changed = [
            f"{SHORT[each.name]}={_told(getattr(self, each.name))}"
            for each in fields(self)
            if getattr(self, each.name) != each.default
        ]
        return ",".join(changed) or "recommended"

    @property
    def differences(self) -> int:
        """How many values it changes."""
        return sum(getattr(self, each.name) != each.default for each in fields(self))

    def manifests(self, facts: HostFacts) -> tuple[Manifest, ...]:
        """The policy for a host."""
        return tuple(self._changed(bare(manifest)) for manifest in recommended(facts).manifests)

    def _changed(self, manifest: dict[str, Any]) -> Manifest:
        spec = manifest["spec"]
        if manifest["kind"] == "VirtualService":
            for rule in spec.get("http", ()):
                self._change_retries(rule["retries"])
        if manifest["kind"] == "DestinationRule":
            policy = spec["trafficPolicy"]
            for block in (policy, *policy.get("portLevelSettings", ())):
                self._change_limits(block)
        return manifest

    def _change_retries(self, retries: dict[str, Any]) -> None:
        if self.attempts is not None:
            retries["attempts"] = self.attempts
        if self.backoff_s is not None:
            retries["backoff"] = seconds(self.backoff_s)
        if self.avoids is not None:
            retries["retryIgnorePreviousHosts"] = self.avoids
        if self.methods is not Methods.SPLIT:
            retries["retryOn"] = AGAIN if self.methods is Methods.ALL else SAFE

    def _change_limits(self, block: dict[str, Any]) -> None:
        pool = block["connectionPool"]
        if self.connect_s is not None:
            pool["tcp"]["connectTimeout"] = seconds(self.connect_s)
        _limit(pool["tcp"], "maxConnectionDuration", self.age_s)
        _limit(pool.setdefault("http", {}), "idleTimeout", self.idle_s)
        if not pool["http"]:
            del pool["http"]
        if self.has_outliers is False:
            block.pop("outlierDetection", None)


SHORT: Mapping[str, str] = {
    "attempts": "attempts",
    "backoff_s": "backoff",
    "connect_s": "connect",
    "idle_s": "idle",
    "age_s": "age",
    "has_outliers": "outliers",
    "avoids": "avoids",
    "methods": "methods",
}
"""What the values are called outside."""


def _limit(block: dict[str, Any], field: str, value_s: float | None) -> None:
    if value_s is None:
        return
    if value_s == NEVER_S:
        block.pop(field, None)
    else:
        block[field] = seconds(value_s)


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "never" if value == NEVER_S else f"{value:g}s"
    return str(value)
