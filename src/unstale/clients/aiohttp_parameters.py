"""What a session of aiohttp's said of the answer to come, kept for the connection of the repeat.

The session says it to the connection that it was given, once a request, and hears nothing of the second connection. How
it is kept is felt: a dictionary and a tuple a request cost 3 % of a busy client, mostly in the
garbage collector.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp.client_proto import ResponseHandler

from unstale.clients.aiohttp_exchange import Handler


class Packed(Handler):
    """Keeps the parameters as they come."""

    packed: Mapping[str, Any] = MappingProxyType({})

    def set_response_params(self, **parameters: Any) -> None:
        self.packed = parameters
        ResponseHandler.set_response_params(self, **parameters)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.packed


class WrittenOut(Handler):
    """Keeps the parameters by name, without an object to hold them, and of those only what the base class does not."""

    __slots__ = (
        "auto_decompress", "max_field_size", "max_headers", "max_line_size", "read_until_eof", "timer",
    )  # fmt: skip

    def set_response_params(
        self,
        *,
        timer: Any = None,
        skip_payload: bool = False,
        read_until_eof: bool = False,
        auto_decompress: bool = True,
        read_timeout: float | None = None,
        read_bufsize: int = 2**18,
        timeout_ceil_threshold: float = 5,
        max_line_size: int = 8190,
        max_field_size: int = 8190,
        max_headers: int = 128,
    ) -> None:
        self.timer = timer
        self.read_until_eof = read_until_eof
        self.auto_decompress = auto_decompress
        self.max_line_size = max_line_size
        self.max_field_size = max_field_size
        self.max_headers = max_headers
        ResponseHandler.set_response_params(
            self,
            timer=timer,
            skip_payload=skip_payload,
            read_until_eof=read_until_eof,
            auto_decompress=auto_decompress,
            read_timeout=read_timeout,
            read_bufsize=read_bufsize,
            timeout_ceil_threshold=timeout_ceil_threshold,
            max_line_size=max_line_size,
            max_field_size=max_field_size,
            max_headers=max_headers,
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "timer": self.timer,
            "skip_payload": self._skip_payload,
            "read_until_eof": self.read_until_eof,
            "auto_decompress": self.auto_decompress,
            "read_timeout": self._read_timeout,
            "read_bufsize": self._read_bufsize,
            "timeout_ceil_threshold": self._timeout_ceil_threshold,
            "max_line_size": self.max_line_size,
            "max_field_size": self.max_field_size,
            "max_headers": self.max_headers,
        }


KNOWN: Mapping[str, Any] = ResponseHandler.set_response_params.__kwdefaults__ or {}
WRITTEN_OUT: Mapping[str, Any] = WrittenOut.set_response_params.__kwdefaults__ or {}


def handler_for(known: Mapping[str, Any]) -> type[Handler]:
    """The handler for an aiohttp whose sessions say these parameters; the written-out ones are those of 3.14."""
    return WrittenOut if known.keys() == WRITTEN_OUT.keys() else Packed


HANDLER = handler_for(KNOWN)
