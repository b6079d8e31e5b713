"""Names, labels and annotations of an object."""

from __future__ import annotations

import re

from unstale.istio.faults import Faults
from unstale.istio.metadata import Metadata
from unstale.istio.validation.names import A_LABEL
from unstale.istio.validation.values import check_labels
from unstale.istio.wording import shown

_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_REFUSED = {
    "istio.io/dry-run": "only an AuthorizationPolicy can be tried out",
    "internal.istio.io/webhook-always-reject": "it refuses the object",
}
_LONGEST_NAME = 253


def check_metadata(metadata: Metadata, faults: Faults) -> None:
    """What the API server wants of every object, and annotations that Istio refuses."""
    name, namespace = metadata.name, metadata.namespace
    if not name:
        faults.reject(metadata, "name", "metadata has no name", "Every object needs a name.")
    elif len(name) > _LONGEST_NAME or not _SUBDOMAIN.fullmatch(name):
        allowed = "Small letters, digits, hyphens and dots, at most 253."
        faults.reject(metadata, "name", f"name is no name of an object ({shown(name)})", allowed)
    if len(namespace) > 63 or "." in namespace or not _SUBDOMAIN.fullmatch(namespace):
        allowed = A_LABEL.replace("Letters", "Small letters")
        faults.reject(metadata, "namespace", f"namespace is no namespace ({shown(namespace)})", allowed)
    check_labels(metadata, "labels", metadata.labels, faults)
    for key in metadata.annotations:
        if key in _REFUSED:
            what = f"annotation is refused, {_REFUSED[key]} ({key})"
            faults.reject(metadata, f"annotations{{{key}}}", what, "Remove it.")
