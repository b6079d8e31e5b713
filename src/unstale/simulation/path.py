"""The path as routes see it: what the HTTP connection manager makes of the one that was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

from unstale.envoy.resource import Json

_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})", re.ASCII)
_ESCAPED_SLASH = re.compile(r"%2[fF]|%5[cC]")
_SLASHES = re.compile(r"/{2,}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalized:
    """The path to match, or the status with which Envoy answers instead; 0 where it goes on."""

    path: str
    status: int = 0


def normalized(manager: Json, sent: str) -> Normalized:
    """Escaped slashes first, then dots and needless escapes, then double slashes; the query stays as it is."""
    path, mark, query = sent.partition("#")[0].partition("?")
    if _ESCAPED_SLASH.search(path):
        action = str(manager.get("path_with_escaped_slashes_action", "KEEP_UNCHANGED"))
        if action == "REJECT_REQUEST":
            return Normalized(path=sent, status=400)
        if action.startswith("UNESCAPE"):
            path = _ESCAPED_SLASH.sub(lambda found: _character(found[0][1:]), path)
        if action == "UNESCAPE_AND_REDIRECT":
            return Normalized(path=f"{path}{mark}{query}", status=307)
    if manager.get("normalize_path"):
        path = _canonical(path)
    if manager.get("merge_slashes"):
        path = _SLASHES.sub("/", path)
    return Normalized(path=f"{path}{mark}{query}")


def _canonical(path: str) -> str:
    path = _ESCAPED.sub(_without_needless_escape, path.replace("\\", "/"))
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _without_needless_escape(found: re.Match[str]) -> str:
    character = _character(found[1])
    return character if character in _UNRESERVED else found[0]


def _character(digits: str) -> str:
    return chr(int(digits, 16))
