"""The versions that a figure depends on."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from functools import cache

import unstale
from unstale.sidecar.binary import envoy_version, find_envoy

ISTIO = "1.32"
"""The Istio release whose translation the compiler follows."""


@cache
def versions() -> Mapping[str, str]:
    """Name -> version of everything that takes part."""
    return {
        "unstale": unstale.__version__,
        "envoy": asyncio.run(envoy_version(find_envoy())),
        "istio": ISTIO,
        "python": platform.python_version(),
        "kernel": platform.release(),
    }
