"""Percentages as Envoy's fractions."""

from __future__ import annotations

from unstale.envoy.resource import Json
from unstale.istio.virtual_service import Percent


def of_percent(percent: Percent) -> Json:
    """Per million, the rest cut; a fraction of nothing leaves the numerator out."""
    numerator = int((percent.value or 0) * 10000)
    return {"denominator": "MILLION"} | ({"numerator": numerator} if numerator else {})


def of_hundred(percent: int) -> Json:
    """The older whole-numbered form."""
    return {"numerator": percent} if percent else {}
