"""An application's idea of the host's addresses, by the system's own resolver or by one that is named."""

from __future__ import annotations

import contextlib
import socket
import time

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

_RESOLVER_S = 2.0


class Names:
    """What one application process knows of `host`. Safe for several threads."""

    def __init__(self, host: str, port: int, ttl_s: float, resolver: tuple[str, int] | None = None) -> None:
        self._host = host
        self._port = port
        self._ttl_s = ttl_s
        self._resolver = resolver
        self._current: frozenset[str] = frozenset()

    def resolve(self) -> str:
        """One address, asked now. Raises socket.gaierror."""
        return self._look_up()[0]

    def has_left(self, address: str) -> bool:
        """Whether the last refreshed answer no longer names `address`."""
        return bool(self._current) and address not in self._current

    def keep_fresh(self, start: float) -> None:
        """Look the host up every time to live until the process ends; a failed look-up keeps the last answer."""
        due = start
        while True:
            sleep_until(due)
            with contextlib.suppress(OSError):
                self._current = frozenset(self._look_up())
            due += max(self._ttl_s, 0.1)

    def _look_up(self) -> list[str]:
        if self._resolver is not None:
            return _asked(self._host, self._resolver)
        found = socket.getaddrinfo(self._host, self._port, socket.AF_INET, socket.SOCK_STREAM)
        return [str(place[0]) for *_, place in found]


def _asked(host: str, resolver: tuple[str, int]) -> list[str]:
    """The host's addresses by a resolver of one's own. Raises socket.gaierror as the system's would."""
    question = dns.message.make_query(host, dns.rdatatype.A)
    try:
        answer = dns.query.udp(question, resolver[0], port=resolver[1], timeout=_RESOLVER_S)
    except (dns.exception.DNSException, OSError) as error:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution") from error
    found = [str(record.address) for records in answer.answer for record in records]
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return found


def sleep_until(moment: float) -> None:
    """Return at the CLOCK_MONOTONIC time `moment`, at once where it has passed."""
    left_s = moment - time.monotonic()
    if left_s > 0:
        time.sleep(left_s)
