"""The experiment that the browser shows: the invented one of the report's tests, cut to what a browser renders soon."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from unstale.model.experiment import Experiment

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))


def experiment() -> Experiment:
    """Three scenarios, all policies."""
    import experiment_sample

    whole = experiment_sample.experiment()
    kept = ("calm", "rotation-sudden", "own-503")
    return replace(whole, cells=tuple(cell for cell in whole.cells if cell.scenario in kept))
