"""Header names and values that Istio writes into Envoy's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping

from unstale.istio.faults import Faults
from unstale.istio.virtual_service import HeaderOperations, Headers
from unstale.istio.wording import shown

_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", re.ASCII)
_PSEUDO = frozenset((":authority", ":method", ":path", ":scheme", ":status"))
_CLAIM = re.compile(r"@request\.auth\.claims(\..+|(\[.+\])+)", re.ASCII | re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_TEXT = r'(?:[^\\)"]|\\.)*'
_ARGUMENTS = rf' *(?:\[ *"|[^ \[]){_TEXT}(?:" *, *"{_TEXT})*(?:\)|" *\] *\)) *'
_VARIABLE = rf"%(?:[^%(]+|[^%(]*\({_ARGUMENTS})%"
_VALUE = re.compile(rf"(?:[^%]|%%|{_VARIABLE})*", re.DOTALL)


def is_claim(name: str) -> bool:
    """Whether a header match is one on a claim of a JWT, which only gateways know."""
    return _CLAIM.fullmatch(name) is not None


def match_name_fault(name: str) -> str:
    """The name of a header to match."""
    if not name:
        return "is empty"
    if name in _PSEUDO or is_claim(name) or _NAME.fullmatch(name):
        return ""
    return "is no name of a header"


def cors_name_fault(name: str) -> str:
    """The name of a header in a CORS policy, or a star."""
    return "" if _NAME.fullmatch(name) else "is no name of a header"


def is_authority(name: str) -> bool:
    """Whether a header is the authority, which can be set but not removed."""
    return name.lower() in ("host", ":authority")


def value_fault(value: str) -> str:
    """A value with Envoy's variables: `%VAR%`, `%VAR(a)%`, `%VAR(["a", "b"])%`; `%%` is a percent sign.

    As loose as Istio's own check (`header_value_validator.go`), which asks no variable's name or arguments.
    """
    if _UNPRINTABLE.search(value):
        return "has a control character"
    return "" if _VALUE.fullmatch(value) else "has a % that starts no variable"


def check_headers(headers: Headers | None, faults: Faults) -> None:
    """Changes to headers of requests and responses."""
    if headers is None:
        return
    if headers.request is not None:
        _check(headers.request, faults, may_be_authority=True)
    if headers.response is not None:
        _check(headers.response, faults, may_be_authority=False)


def _check(operations: HeaderOperations, faults: Faults, *, may_be_authority: bool) -> None:
    changes: dict[str, Mapping[str, str]] = {"set": operations.set, "add": operations.add}
    for attribute, headers in changes.items():
        for name, value in headers.items():
            place = f"{attribute}{{{name}}}"
            if fault := _operation_fault(name, may_be_authority=may_be_authority):
                faults.reject(operations, place, f"header {fault} ({shown(name)})", _ALLOWED)
            if fault := value_fault(value):
                faults.reject(operations, place, f"value {fault} ({shown(value)})", _A_VALUE)
    for index, name in enumerate(operations.remove):
        if fault := _operation_fault(name, may_be_authority=False):
            faults.reject(operations, f"remove[{index}]", f"header {fault} ({shown(name)})", _ALLOWED)


def _operation_fault(name: str, *, may_be_authority: bool) -> str:
    if not name:
        return "has no name"
    if is_authority(name):
        return "" if may_be_authority else "cannot be changed here"
    return "cannot be changed" if name.startswith(":") else ""


_A_VALUE = "Write printable text, and %% for a percent sign."
_ALLOWED = "Write an ordinary header; rewrite.authority changes the host."
