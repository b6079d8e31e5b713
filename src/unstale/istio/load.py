"""Loading: texts in, all resources out, or every problem of all texts at once.

A user with five mistakes wants five messages, so nothing stops at the first: a wrong document leaves the others, a
wrong field leaves its neighbours. Order is as Istio checks: first the schema of a field (what the API server refuses),
then the rules above it (what Istio's admission webhook refuses or warns of).
"""

from __future__ import annotations

from collections.abc import Iterable

from unstale.istio.loader import Loader
from unstale.istio.manifests import Manifests
from unstale.istio.schema import NEWEST
from unstale.istio.source import Source
from unstale.istio.validation.envoy_filter import ValueCheck


def load(sources: Iterable[Source], *, istio: str = NEWEST, check_value: ValueCheck | None = None) -> Manifests:
    """Read and check all objects of all sources, as the given Istio release (1.24 to 1.32) would.

    Raises ManifestError with all problems that are errors, in the order of the sources and lines; InputError for an
    unknown release. Warnings come with the result. Values of EnvoyFilter patches are judged by `check_value`, if given.
    """
    return Loader(istio=istio, check_value=check_value).load(sources).manifests
