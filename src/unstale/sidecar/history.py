"""What a run knows of itself: when it began, what has been in force since when, and what was refused last."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class History:
    """What the run knows of itself, for whoever asks. Times are seconds since the epoch."""

    began_s: float = field(default_factory=time.time)
    in_force_since_s: float = 0.0
    refused: str = ""
    refused_at_s: float = 0.0
