"""One look-up of a host: numeric, /etc/hosts, DNS with its TTL, and the system's other ways last.

dnspython is imported with the first name that needs it, so that an application that never looks one up never pays.
"""

from __future__ import annotations

import ipaddress
import math
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from unstale.clients.dns_cache import Found

if TYPE_CHECKING:
    import dns.resolver

# How long an answer counts that carries no TTL: /etc/hosts, mDNS and what else the system knows.
UNTIMED_TTL_S = 5.0
Family = Found | socket.gaierror


class Lookup(Protocol):
    """Finds a host's addresses; raises socket.gaierror, as getaddrinfo does, which every library maps to its own."""

    def __call__(self, host: str) -> Found: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLookup:
    """Look-up as the system does it, with the TTL.

    `nameservers` and `port` replace those of resolv.conf; then neither its search list nor other ways are used. One
    look-up takes at most `lifetime_s`, over all name servers and attempts. When one family has addresses, the other is
    waited for no longer than `resolution_delay_s` (RFC 8305, 3): there are name servers that never answer for AAAA.
    """

    nameservers: Sequence[str] | None = None
    port: int = 53
    lifetime_s: float = 5.0
    resolution_delay_s: float = 0.05
    hosts_file: str = "/etc/hosts"
    resolv_conf: str = "/etc/resolv.conf"

    def __call__(self, host: str) -> Found:
        if (numeric := numeric_address(host)) is not None:
            return Found(addresses=(numeric,), ttl_s=math.inf)
        if written := hosts_addresses(self.hosts_file, host):
            return Found(addresses=written, ttl_s=UNTIMED_TTL_S, is_timed=False)
        try:
            return self._ask(host)
        except socket.gaierror as error:
            if self.nameservers is not None or error.errno != socket.EAI_NONAME:
                raise
            return _system_addresses(host)

    def _ask(self, host: str) -> Found:
        resolver = self._resolver()
        late: Family = _error(socket.EAI_AGAIN, "no answer in time")
        answers: dict[str, Family] = {}
        came = threading.Condition()

        def ask(record: str) -> None:
            answer = self._family(resolver, host, record)
            with came:
                answers[record] = answer
                came.notify()

        for record in ("A", "AAAA"):
            threading.Thread(target=ask, args=(record,), daemon=True).start()
        with came:
            came.wait_for(lambda: len(answers) == 2 or any(_has_addresses(one) for one in answers.values()))
            came.wait_for(lambda: len(answers) == 2, self.resolution_delay_s)
        return _merged(answers.get("A", late), answers.get("AAAA", late))

    def _resolver(self) -> dns.resolver.Resolver:
        import dns.resolver

        if self.nameservers is None:
            try:
                resolver = dns.resolver.Resolver(self.resolv_conf)
            except dns.resolver.NoResolverConfiguration as error:
                raise _error(socket.EAI_NONAME, str(error)) from error
        else:
            resolver = dns.resolver.Resolver(configure=False)
            resolver.nameservers = list(self.nameservers)
            resolver.port = self.port
        resolver.lifetime = self.lifetime_s
        return resolver

    def _family(self, resolver: dns.resolver.Resolver, host: str, record: str) -> Family:
        import dns.exception
        import dns.resolver

        try:
            answer = resolver.resolve(host, record, search=self.nameservers is None)
        except dns.resolver.NoAnswer:
            return Found(addresses=(), ttl_s=math.inf)
        except dns.resolver.NXDOMAIN as error:
            return _error(socket.EAI_NONAME, str(error))
        except (dns.exception.Timeout, dns.resolver.NoNameservers) as error:
            return _error(socket.EAI_AGAIN, str(error))
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            return _error(socket.EAI_FAIL, str(error))
        return Found(addresses=tuple(data.address for data in answer), ttl_s=answer.chaining_result.minimum_ttl)


def numeric_address(host: str) -> str | None:
    """The address that a numeric host names, as the kernel writes it; None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def hosts_addresses(path: str, host: str) -> tuple[str, ...]:
    """What a file in the form of /etc/hosts says of `host`; a file that cannot be read says nothing."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    wanted = host.rstrip(".").lower()
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    found = (words[0] for words in lines if wanted in (name.lower() for name in words[1:]))
    return tuple(dict.fromkeys(address for address in found if numeric_address(address)))


def _system_addresses(host: str) -> Found:
    rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(row[4][0]) for row in rows))
    return Found(addresses=addresses, ttl_s=UNTIMED_TTL_S, is_timed=False)


def _has_addresses(family: Family) -> bool:
    return isinstance(family, Found) and bool(family.addresses)


def _merged(v4: Family, v6: Family) -> Found:
    both = [family for family in (v6, v4) if isinstance(family, Found)]
    addresses = tuple(address for family in both for address in family.addresses)
    if not addresses:
        errors = [family for family in (v4, v6) if isinstance(family, socket.gaierror)]
        raise errors[0] if errors else _error(socket.EAI_NONAME, "the name has no address")
    return Found(
        addresses=addresses,
        ttl_s=min(family.ttl_s for family in both if family.addresses),
        is_v4_failed=isinstance(v4, socket.gaierror),
        is_v6_failed=isinstance(v6, socket.gaierror),
    )


def _error(code: int, text: str) -> socket.gaierror:
    return socket.gaierror(code, text)
