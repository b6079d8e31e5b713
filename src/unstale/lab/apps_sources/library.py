"""An HTTP library of Python as an application of the lab: one client for all threads, as its documentation says.

The libraries are no dependency of the lab. They are imported when the application is asked for, and missed in words.
"""

from __future__ import annotations

import importlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from unstale.lab.program import Answer, FailedError, Load, Note
from unstale.lab.threads import send
from unstale.model.errors import MachineError


class Client(Protocol):
    """A client of one library, safe for threads."""

    def exchange(self, url: str, headers: Mapping[str, str]) -> Answer:
        """One request of the load's method. Raises one of `failures` where no answer came."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """`make` gives the client of a load; `failures` names the library's own errors, as `module:class`."""

    module: str
    make: Callable[[Load], Client]
    failures: str

    def prepare(self, load: Load) -> None:
        """Import the library and what its client takes; raises MachineError where it is not installed."""
        self._failures()
        self.make(load).close()

    def send(self, load: Load, start: float, note: Note) -> None:
        """Send the whole load with one client."""
        failures = self._failures()
        client = self.make(load)
        send(load, start, note, lambda _, names: _Turn(load, client, failures))
        client.close()

    def _failures(self) -> type[Exception]:
        module, _, name = self.failures.partition(":")
        try:
            found: type[Exception] = getattr(importlib.import_module(module), name)
        except ImportError as error:
            raise MachineError(
                f"lab: the application needs a library that is not installed ({self.module}). "
                f"Install it beside unstale: pip install {self.module}."
            ) from error
        return found


class _Turn:
    """One thread's use of the client."""

    address = ""

    def __init__(self, load: Load, client: Client, failures: type[Exception]) -> None:
        self._url = f"{load.scheme}://{load.authority}/orders"
        self._headers = {"user-agent": "unstale-lab", **load.headers}
        self._client = client
        self._failures = failures

    def exchange(self, request_id: str) -> Answer:
        try:
            return self._client.exchange(f"{self._url}/{request_id}", {**self._headers, "x-request-id": request_id})
        except self._failures as failure:
            raise FailedError(f"{type(failure).__name__}: {failure}") from failure

    def close(self) -> None:
        """The client closes its connections itself."""


def trust(load: Load) -> ssl.SSLContext | None:
    """The TLS context of a load, None where it speaks in the clear."""
    return ssl.create_default_context(cafile=str(load.ca)) if load.ca else None


def answer(status: int, body: Any) -> Answer:
    """What came back."""
    return Answer(status=status, body_bytes=len(body))
