"""Which answer Envoy made, by the length of its body: the only trace that another Envoy's words leave in a log.

Envoy's texts are fixed (source/common/http/utility.cc, router.cc), so their lengths are too. A 503 "via_upstream" of 95
bytes was made by another Envoy one hop on, not by the server. The lengths agree with all published lines looked at.
"""

from __future__ import annotations

_PREFIX = "upstream connect error or disconnect/reset before headers. "
_REASONS = (
    "connection termination",
    "connection failure",
    "remote connection failure",
    "local connection failure",
    "connection timeout",
    "remote reset",
    "remote refused stream reset",
    "local reset",
    "local refused stream reset",
    "overflow",
    "protocol error",
)
_REFUSED = ("delayed connect error: 111", "delayed connect error: Connection refused")
_WITH_ERRNO = ("connection failure", "remote connection failure")
_PLAIN = {
    "no healthy upstream": "no healthy upstream",
    "upstream request timeout": "upstream request timeout",
    "stream timeout": "stream timeout",
}
_WEAK = frozenset(map(len, _PLAIN))


def _texts() -> dict[str, str]:
    texts = {}
    for lead in ("reset reason: ", "retried and the latest reset reason: "):
        for reason in _REASONS:
            texts[f"{_PREFIX}{lead}{reason}"] = reason
        for reason in _WITH_ERRNO:
            for errno in _REFUSED:
                texts[f"{_PREFIX}{lead}{reason}, transport failure reason: {errno}"] = "connection refused"
    return texts | _PLAIN


def _by_length() -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for text, reason in _texts().items():
        reasons = found.setdefault(len(text), [])
        if reason not in reasons:
            reasons.append(reason)
    return {length: " or ".join(reasons) for length, reasons in found.items()}


_LENGTHS = _by_length()


def body_reason(bytes_sent: int) -> str:
    """The reset reason in Envoy's body of this many bytes, several joined by ` or `; "" where none has that length."""
    return _LENGTHS.get(bytes_sent, "")


def is_telling(bytes_sent: int) -> bool:
    """Whether the length is long enough to be no accident: short texts of servers often have 14, 19 or 24 bytes."""
    return bytes_sent in _LENGTHS and bytes_sent not in _WEAK
