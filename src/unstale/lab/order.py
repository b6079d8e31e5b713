"""The order for one cell: everything it needs to run, as plain data that crosses a process boundary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstale.envoy.inputs import Setting
from unstale.istio.source import Source
from unstale.lab.apps import App
from unstale.lab.loopback import Loopback
from unstale.lab.scenario import Timing
from unstale.lab.target import Target
from unstale.lab.workload import Pace
from unstale.lab.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`program` is the application, `habit` how it keeps its connections; `run` counts from 1 where a cell is repeated.
    `loopback` has the addresses of a cell that runs without namespaces.

    `calls_https` says that the application encrypts although its scenario has it call in the clear.

    `command` and `versions` are only for the recording: what was called, and what took part.
    """

    number: int
    scenario: str
    policy: str
    program: str
    habit: App
    sources: tuple[Source, ...]
    target: Target
    world: World
    timing: Timing
    method: str
    workload: str
    pace: Pace
    timeout_s: float
    folder: str
    command: str
    run: int = 1
    loopback: Loopback | None = None
    calls_https: bool = False
    has_usual_app: bool = True
    has_usual_workload: bool = True
    setting: Setting = field(default_factory=Setting)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_usual(self) -> bool:
        """Whether application and workload are those that the scenario's expectations were measured with."""
        return self.has_usual_app and self.has_usual_workload

    @property
    def name(self) -> str:
        """What the cell is called in progress, folders and messages."""
        app = "" if self.has_usual_app else f"/{self.program}"
        again = f"#{self.run}" if self.run > 1 else ""
        return f"{self.scenario}/{self.policy}/{self.method}{app}{again}"
