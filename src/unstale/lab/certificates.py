"""A real certificate authority of a cell's own: certificates for the hosts, and one for a stranger."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from unstale.lab.world import Http

STRANGER = "somebody-else.example.net"
_ALPN = {Http.HTTP1: ["http/1.1"], Http.HTTP2: ["h2", "http/1.1"], Http.GRPC: ["h2"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Where the files of one cell's authority lie; `ca` is what clients trust."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def server(self, http: Http) -> ssl.SSLContext:
        """What the nodes show."""
        return self._context("server.pem", http)

    def stranger(self, http: Http) -> ssl.SSLContext:
        """What whoever got a node's old address shows: a good certificate for another name."""
        return self._context("stranger.pem", http)

    def client(self, http: Http) -> ssl.SSLContext:
        """What an application that does TLS itself uses."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.set_alpn_protocols(_ALPN[http][:1])
        return context

    def _context(self, name: str, http: Http) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / name)
        context.set_alpn_protocols(_ALPN[http])
        return context


def issue(folder: Path, hosts: Iterable[str]) -> Certificates:
    """Make an authority and its certificates in `folder`; the keys are gone with the folder."""
    import trustme

    folder.mkdir(mode=0o700)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert(*hosts).private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.issue_cert(STRANGER).private_key_and_cert_chain_pem.write_to_path(folder / "stranger.pem")
    return Certificates(folder=folder)
