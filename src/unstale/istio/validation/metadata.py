"""Names, labels and annotations of an object."""

from __future__ import annotations

import re

from unstale.istio.faults import Faults
from unstale.istio.metadata import Metadata
from unstale.istio.validation.names import A_LABEL, LONGEST_LABEL
from unstale.istio.wording import shown

_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_REFUSED = {
    "istio.io/dry-run": "only an AuthorizationPolicy can be tried out",
    "internal.istio.io/webhook-always-reject": "it refuses the object",
}
_INTERNAL_SINCE = 27
_INTERNAL = ("internal.istio.io/parents", "internal.istio.io/parent-namespace")
_LONGEST_NAME = 253
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)


def check_metadata(metadata: Metadata, faults: Faults, release: int) -> None:
    """What the API server wants of every object, and annotations that Istio 1.`release` refuses."""
    name, namespace = metadata.name, metadata.namespace
    if not name and "generateName" not in metadata.places:
        faults.reject(metadata, "name", "metadata has no name", "Every object needs a name.")
    elif name and (len(name) > _LONGEST_NAME or not _SUBDOMAIN.fullmatch(name)):
        allowed = "Small letters, digits, hyphens and dots, at most 253."
        faults.reject(metadata, "name", f"name is no name of an object ({shown(name)})", allowed)
    if len(namespace) > 63 or "." in namespace or not _SUBDOMAIN.fullmatch(namespace):
        allowed = A_LABEL.replace("Letters", "Small letters")
        faults.reject(metadata, "namespace", f"namespace is no namespace ({shown(namespace)})", allowed)
    for key, value in metadata.labels.items():
        _check_key(metadata, "labels", key, key, faults)
        if value and (len(value) > LONGEST_LABEL or not _QUALIFIED.fullmatch(value)):
            what = f"value in labels is no label value ({shown(value)})"
            faults.reject(metadata, f"labels{{{key}}}", what, _A_VALUE)
    for key in metadata.annotations:
        _check_key(metadata, "annotations", key, key.lower(), faults)
        if key in _INTERNAL and release >= _INTERNAL_SINCE:
            faults.reject(metadata, f"annotations{{{key}}}", f"annotation is Istio's own ({key})", "Remove it.")
        if key in _REFUSED:
            what = f"annotation is refused, {_REFUSED[key]} ({key})"
            faults.reject(metadata, f"annotations{{{key}}}", what, "Remove it.")


def _check_key(metadata: Metadata, attribute: str, key: str, judged: str, faults: Faults) -> None:
    """The key of a label or, in small letters, of an annotation."""
    prefix, slash, name = judged.rpartition("/")
    fault = "" if len(name) <= LONGEST_LABEL and _QUALIFIED.fullmatch(name) else "is no key"
    if slash and (len(prefix) > _LONGEST_NAME or not _SUBDOMAIN.fullmatch(prefix)):
        fault = "has a prefix that is no DNS name"
    if fault:
        faults.reject(metadata, f"{attribute}{{{key}}}", f"key in {attribute} {fault} ({shown(key)})", _A_KEY)


_A_KEY = "Letters, digits, - _ . and before a slash a DNS name; at most 63 characters."
_A_VALUE = "Letters, digits, - _ and . between them, at most 63 characters."
