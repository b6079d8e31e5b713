"""Asking DNS for what the rules want to know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from unstale.lint.dns_answer import DnsAnswer
from unstale.model.errors import InputError, MachineError

_AT_ONCE = 16
_LIFETIME_S = 3.0


def ask(names: Iterable[str], resolvers: Sequence[str]) -> dict[str, DnsAnswer]:
    """The answers by name, of the first of `resolvers` (addresses) or of this machine's own.

    Raises InputError for a resolver that is no address, MachineError where this machine has none.
    """
    asked = [_resolver(address) for address in resolvers] or [_own()]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        answers = pool.map(lambda name: _asked(name, asked, resolvers), names)
        return {answer.host: answer for answer in answers}


def _asked(name: str, asked: Sequence[dns.resolver.Resolver], addresses: Sequence[str]) -> DnsAnswer:
    answers = [_answer(name, resolver) for resolver in asked]
    told = tuple((address, answer.addresses) for address, answer in zip(addresses, answers, strict=False))
    return replace(answers[0], resolvers=told)


def _answer(name: str, resolver: dns.resolver.Resolver) -> DnsAnswer:
    """Both families; the smallest TTL of the whole answer, CNAMEs included, is the one that counts."""
    found: dict[str, tuple[str, ...]] = {}
    ttls: list[int] = []
    for kind in ("A", "AAAA"):
        try:
            answer = resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return DnsAnswer(host=name, status="NXDOMAIN")
        except dns.exception.Timeout:
            return DnsAnswer(host=name, status="TIMEOUT")
        except dns.exception.DNSException:
            return DnsAnswer(host=name, status="SERVFAIL")
        found[kind] = tuple(record.to_text() for record in answer.rrset or ())
        if found[kind]:
            ttls.extend(rrset.ttl for rrset in answer.response.answer)
    if not ttls:
        return DnsAnswer(host=name, status="NODATA")
    return DnsAnswer(host=name, ttl_s=min(ttls), ipv4=found["A"], ipv6=found["AAAA"])


def _own() -> dns.resolver.Resolver:
    try:
        found = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise MachineError("this machine: it has no DNS resolver. Name one with --resolver ADDRESS.") from error
    found.lifetime = _LIFETIME_S
    return found


def _resolver(text: str) -> dns.resolver.Resolver:
    """`ADDRESS` or `ADDRESS:PORT` (an IPv6 address with a port in brackets)."""
    address, port = text, 53
    if text.startswith("[") and "]" in text:
        address, _, rest = text[1:].partition("]")
        port = int(rest[1:]) if rest[1:].isdecimal() else 53
    elif text.count(":") == 1 and text.rpartition(":")[2].isdecimal():
        address, port = text.rpartition(":")[0], int(text.rpartition(":")[2])
    try:
        ip_address(address)
    except ValueError as error:
        raise InputError(f"--resolver: no address ({text}). Write 10.0.0.53 or 10.0.0.53:5353.") from error
    found = dns.resolver.Resolver(configure=False)
    found.nameservers = [address]
    found.port = port
    found.lifetime = _LIFETIME_S
    return found
