"""The versions that a figure depends on."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from functools import cache

import unstale
from unstale.istio.schema import NEWEST
from unstale.sidecar.binary import envoy_version, find_envoy


@cache
def versions(istio: str = NEWEST) -> Mapping[str, str]:
    """Name -> version of everything that takes part; `istio` is the release whose translation is followed."""
    return {
        "unstale": unstale.__version__,
        "envoy": asyncio.run(envoy_version(find_envoy())),
        "istio": istio,
        "python": platform.python_version(),
        "kernel": platform.release(),
    }
