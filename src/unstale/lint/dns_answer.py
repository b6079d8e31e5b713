"""What DNS answered for a host, as facts for the rules; asking is the caller's business."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """One host's answer.

    `status` is NOERROR, NXDOMAIN, NODATA, SERVFAIL or TIMEOUT. `ttl_s` is the smallest of the answer, CNAMEs included;
    None where there is no answer. `resolvers` holds the addresses by resolver where several were asked.
    """

    host: str
    status: str = "NOERROR"
    ttl_s: int | None = None
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    resolvers: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of both families."""
        return self.ipv4 + self.ipv6
