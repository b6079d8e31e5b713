"""Checks that many fields share: durations, ports, percentages, exportTo, labels, selectors."""

from __future__ import annotations

from collections.abc import Mapping

from unstale.istio.duration import Duration
from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.shapes import json_name
from unstale.istio.validation.names import A_LABEL, LONGEST_LABEL, is_label, label_key_fault, label_value_fault
from unstale.istio.wording import shown

MILLISECOND = 1_000_000
A_PORT = "1 to 65535 are allowed."


def check_durations(message: Message, faults: Faults, *attributes: str) -> None:
    """Durations of at least one millisecond, in whole milliseconds; unset ones are fine."""
    for attribute in attributes:
        duration: Duration | None = getattr(message, attribute)
        if duration is not None:
            _check_duration(message, attribute, duration, faults)


def _check_duration(message: Message, attribute: str, duration: Duration, faults: Faults) -> None:
    if duration.nanos < MILLISECOND:
        what = f"{json_name(attribute)} is too short ({duration})"
        faults.reject(message, attribute, what, "At least 1ms is allowed.")
    elif duration.nanos % MILLISECOND:
        what = f"{json_name(attribute)} is not in whole milliseconds ({duration})"
        faults.reject(message, attribute, what, f"Write {duration.nanos // MILLISECOND}ms.")


def check_port(message: Message, attribute: str, port: int | None, faults: Faults) -> None:
    """A port number, if there is one."""
    if port is not None and not 1 <= port <= 65535:
        faults.reject(message, attribute, f"{json_name(attribute)} is out of range ({port})", A_PORT)


def check_range(message: Message, faults: Faults, low: int, high: int | None, *attributes: str) -> None:
    """Numbers from `low` to `high`; unset ones are fine."""
    for attribute in attributes:
        number = getattr(message, attribute)
        if number is not None and (number < low or (high is not None and number > high)):
            allowed = f"At least {low} is allowed." if high is None else f"{low} to {high} are allowed."
            faults.reject(message, attribute, f"{json_name(attribute)} is out of range ({number})", allowed)


def check_export_to(
    message: Message, export_to: tuple[str, ...], namespace: str, faults: Faults, *, may_be_nobody: bool
) -> frozenset[str]:
    """`*`, `.`, namespaces and, for a ServiceEntry, `~`; returns the namespaces meant, `.` being its own."""
    meant: set[str] = set()
    for index, name in enumerate(export_to):
        place = f"export_to[{index}]"
        resolved = namespace if name == "." else name
        if resolved in meant:
            faults.reject(message, place, f"exportTo names a namespace twice ({shown(name)})", "Leave one out.")
        elif name not in ("*", ".", "~") and not is_label(name):
            what = f"exportTo is no namespace ({shown(name)})"
            faults.reject(message, place, what, 'Write ".", "*" or the name of a namespace.')
        elif name == "~" and not may_be_nobody:
            what = "exportTo may be nobody (~) in a ServiceEntry only"
            faults.reject(message, place, what, 'Write ".", "*" or the name of a namespace.')
        else:
            meant.add(resolved)
    for alone in ("*", "~"):
        if alone in meant and len(export_to) > 1:
            faults.reject(message, "export_to", f"exportTo has {alone} beside others", f'Write "{alone}" alone.')
    return frozenset(meant)


def check_labels(message: Message, attribute: str, labels: Mapping[str, str], faults: Faults) -> None:
    """Kubernetes labels."""
    for key, value in labels.items():
        place = f"{attribute}{{{key}}}"
        name = json_name(attribute)
        if fault := label_key_fault(key):
            faults.reject(message, place, f"key in {name} {fault} ({shown(key)})", _LABEL_KEY)
        if fault := label_value_fault(value):
            faults.reject(message, place, f"value in {name} {fault} ({shown(value)})", _LABEL_VALUE)


def check_selector(message: Message, attribute: str, labels: Mapping[str, str], faults: Faults) -> None:
    """Labels that select workloads: no wildcards, no empty keys; without any it selects all."""
    for key, value in labels.items():
        place = f"{attribute}{{{key}}}"
        if not key:
            faults.reject(message, place, "a label key is empty", "Write a key.")
        if "*" in key or "*" in value:
            what = f"selectors have no wildcards ({shown(f'{key}={value}')})"
            faults.reject(message, place, what, "Write keys and values in full.")
        elif len(value) > LONGEST_LABEL:
            faults.reject(message, place, f"value is too long ({shown(value)})", "At most 63 characters.")
    if not labels:
        faults.caution(message, attribute, "selector has no labels and selects everything in the namespace")


def check_subset_name(message: Message, attribute: str, name: str, faults: Faults) -> None:
    """The name of a subset."""
    if not is_label(name):
        faults.reject(message, attribute, f"{json_name(attribute)} is no name of a subset ({shown(name)})", A_LABEL)


_LABEL_KEY = "Letters, digits, - _ . and before a slash a DNS name; at most 63 characters."
_LABEL_VALUE = "Letters, digits, and between them - _ and ."
