"""Fields of protobuf that hold bytes: a tag, a length, and the bytes (protobuf.dev, encoding)."""

from __future__ import annotations

LENGTH_DELIMITED = 2
"""The wire type of strings, bytes, messages and repeated ones of these."""


def field(number: int, body: bytes) -> bytes:
    """The whole field."""
    return head(number, len(body)) + body


def head(number: int, size: int) -> bytes:
    """What stands before a body of `size` bytes."""
    return _varint(number << 3 | LENGTH_DELIMITED) + _varint(size)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
