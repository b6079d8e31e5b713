"""What an application does: open a connection, and send a request that Envoy can read unless it is encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from unstale.model.errors import InputError

Address = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", re.ASCII)
_USAGE = "Write a method and a URL, as in 'GET http://api.example.com/pay'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection as Envoy's listener filters see it; `address` None stands for one that no manifest names.

    `source` is the pod's own address. `application_protocols` is ALPN of a TLS connection, else what the HTTP
    inspector would call the bytes.
    """

    port: int
    address: Address | None = None
    is_tls: bool = False
    server_name: str = ""
    source: Address | None = None
    application_protocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; `path` has the query, header names are in lower case and `headers` has no pseudo-headers."""

    method: str
    authority: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """All headers of that name, pseudo-headers and what Envoy adds before it routes included."""
        match name:
            case ":method":
                return (self.method,)
            case ":authority" | "host":
                return (self.authority,)
            case ":path":
                return (self.path,)
            case ":scheme":
                return (self.scheme,)
        found = tuple(value for header, value in self.headers if header == name)
        return ("http",) if name == "x-forwarded-proto" and not found else found

    def header(self, name: str) -> str | None:
        """The first of that name."""
        return next(iter(self.values(name)), None)

    @property
    def scheme(self) -> str:
        """What the application says in x-forwarded-proto is believed."""
        told = self.header("x-forwarded-proto")
        return told if told in _PORTS else "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One connection and the first request on it; None where the bytes are encrypted."""

    connection: Connection
    request: Request | None = None

    def out_of(self, address: str) -> Call:
        """The same from a pod of that address."""
        return replace(self, connection=replace(self.connection, source=_ip(address)))


def parse_call(text: str, *, headers: Iterable[str] = (), is_tls: bool = False, address: str | None = None) -> Call:
    """Read `GET http://host/path` and headers written `name: value`.

    Over https the request is not visible. Raises InputError.
    """
    method, _, url = text.strip().partition(" ")
    parts = _parts(url.strip())
    if not _TOKEN.fullmatch(method) or parts is None:
        raise InputError(f"--request: not a request ({text}). {_USAGE}")
    scheme, host, port, path = parts
    is_tls = is_tls or scheme == "https"
    given = tuple(_header(header) for header in headers)
    if is_tls:
        return Call(connection=_encrypted(host, port, address))
    default_authority = _authority(host, port, scheme)
    authority = next((value for name, value in given if name in ("host", ":authority")), default_authority)
    rest = tuple((name, value) for name, value in given if name not in ("host", ":authority"))
    return Call(
        connection=Connection(port=port, address=_address(address, host), application_protocols=("http/1.1",)),
        request=Request(method=method, authority=authority, path=path, headers=rest),
    )


def _encrypted(host: str, port: int, address: str | None) -> Connection:
    is_name = _ip(host) is None
    return Connection(
        port=port,
        address=_address(address, host),
        is_tls=True,
        server_name=host if is_name else "",
        application_protocols=("h2", "http/1.1"),
    )


def _parts(url: str) -> tuple[str, str, int, str] | None:
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return None
    host = split.hostname
    if split.scheme not in _PORTS or not host or port == 0 or any(character.isspace() for character in url):
        return None
    path = split.path or "/"
    return split.scheme, host, port or _PORTS[split.scheme], f"{path}?{split.query}" if split.query else path


def _authority(host: str, port: int, scheme: str) -> str:
    bare = f"[{host}]" if ":" in host else host
    return bare if port == _PORTS[scheme] else f"{bare}:{port}"


def _header(text: str) -> tuple[str, str]:
    head = ":" if text.startswith(":") else ""
    name, colon, value = text.removeprefix(":").partition(":")
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise InputError(f"-H: not a header ({text}). Write 'name: value'.")
    return head + name.strip().lower(), value.strip()


def _address(given: str | None, host: str) -> Address | None:
    if given is None:
        return _ip(host)
    address = _ip(given)
    if address is None:
        raise InputError(f"--address: not an IP address ({given}). Write one as 203.0.113.10 or 2001:db8::1.")
    return address


def _ip(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
