"""Rules for the matches of an HTTP rule."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.shapes import json_name
from unstale.istio.validation.headers import match_name_fault
from unstale.istio.validation.names import A_LABEL, is_label
from unstale.istio.validation.re2 import regex_fault
from unstale.istio.validation.values import check_labels, check_port
from unstale.istio.virtual_service import HTTPMatchRequest, StringMatch
from unstale.istio.wording import shown

AN_RE2 = "Write a regular expression of RE2."


def check_match(match: HTTPMatchRequest, faults: Faults) -> None:
    """Conditions of one match; an empty prefix is allowed for the URI alone."""
    for attribute in ("uri", "scheme", "method", "authority"):
        condition = getattr(match, attribute)
        if condition is not None:
            check_string(condition, attribute, faults, may_be_empty=attribute == "uri")
    for attribute in ("headers", "without_headers"):
        for name, condition in getattr(match, attribute).items():
            if fault := match_name_fault(name):
                place = f"{attribute}{{{name}}}"
                faults.reject(match, place, f"header {fault} ({shown(name)})", "Write the name of a header.")
            if attribute == "headers" or condition.regex != "*":
                check_string(condition, json_name(attribute), faults)
    for condition in match.query_params.values():
        check_string(condition, "queryParams", faults)
    if match.port:
        check_port(match, "port", match.port, faults)
    check_labels(match, "source_labels", match.source_labels, faults)
    if match.source_namespace and not is_label(match.source_namespace):
        what = f"sourceNamespace is no namespace ({shown(match.source_namespace)})"
        faults.reject(match, "source_namespace", what, A_LABEL)


def check_string(condition: StringMatch, name: str, faults: Faults, *, may_be_empty: bool = False) -> None:
    """An exact text, a prefix or a regular expression."""
    if condition.prefix == "" and not may_be_empty:
        faults.reject(condition, "prefix", f"prefix of {name} is empty", "Write a prefix.")
    if condition.regex is not None and (fault := regex_fault(condition.regex)):
        what = f"regex of {name} {fault} ({shown(condition.regex)})"
        faults.reject(condition, "regex", what, AN_RE2)
