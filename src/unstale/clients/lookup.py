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


class Lookup(Protocol):
    """Finds a host's addresses; raises socket.gaierror, as getaddrinfo does, which every library maps to its own."""

    def __call__(self, host: str) -> Found: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLookup:
    """Look-up as the system does it, with the TTL.

    `nameservers` and `port` replace those of resolv.conf; then neither its search list nor other ways are used. One
    look-up takes at most `lifetime_s`, over all name servers and attempts.
    """

    nameservers: Sequence[str] | None = None
    port: int = 53
    lifetime_s: float = 5.0
    hosts_file: str = "/etc/hosts"
    resolv_conf: str = "/etc/resolv.conf"

    def __call__(self, host: str) -> Found:
        if (numeric := numeric_address(host)) is not None:
            return Found(addresses=(numeric,), ttl_s=math.inf)
        if written := hosts_addresses(self.hosts_file, host):
            return Found(addresses=written, ttl_s=UNTIMED_TTL_S)
        try:
            return self._ask(host)
        except socket.gaierror as error:
            if self.nameservers is not None or error.errno != socket.EAI_NONAME:
                raise
            return _system_addresses(host)

    def _ask(self, host: str) -> Found:
        resolver = self._resolver()
        v6: list[Found | socket.gaierror] = []
        other = threading.Thread(target=lambda: v6.append(self._family(resolver, host, "AAAA")), daemon=True)
        other.start()
        v4 = self._family(resolver, host, "A")
        other.join()
        return _merged(v4, v6[0])

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

    def _family(self, resolver: dns.resolver.Resolver, host: str, record: str) -> Found | socket.gaierror:
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
    return Found(addresses=tuple(dict.fromkeys(str(row[4][0]) for row in rows)), ttl_s=UNTIMED_TTL_S)


def _merged(v4: Found | socket.gaierror, v6: Found | socket.gaierror) -> Found:
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
