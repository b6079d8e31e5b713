"""WorkloadEntry as an object of its own: a machine that a ServiceEntry selects by its labels."""

from __future__ import annotations

from dataclasses import dataclass, field

from unstale.istio.message import Message
from unstale.istio.metadata import Metadata
from unstale.istio.service_entry import WorkloadEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioCondition(Message):
    """One line of a status: `type` is `Healthy`, `status` is `True`, `False` or `Unknown`."""

    type: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadEntryResource(Message):
    """A WorkloadEntry object; `conditions` are those of its status, which the control plane writes."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: WorkloadEntry = field(default_factory=WorkloadEntry)
    conditions: tuple[IstioCondition, ...] = ()
