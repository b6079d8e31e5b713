"""A cell's own authority: its nodes are trusted for their hosts, and a stranger is not."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from unstale.lab.certificates import issue
from unstale.lab.world import Http


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    """The protocol agreed on; raises what the client's library raises."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    done = False
    while not done:
        done = True
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                done = False
    return ours.selected_alpn_protocol()


@pytest.mark.parametrize(("http", "alpn"), [(Http.HTTP1, "http/1.1"), (Http.HTTP2, "h2"), (Http.GRPC, "h2")])
def test_the_hosts_are_trusted_and_the_protocol_is_agreed_on(http: Http, alpn: str, tmp_path: Path) -> None:
    certificates = issue(tmp_path / "tls", ("a.example.com", "b.example.com"))
    for host in ("a.example.com", "b.example.com"):
        assert _handshake(certificates.server(http), certificates.client(http), host) == alpn


def test_a_stranger_on_the_old_address_is_refused(tmp_path: Path) -> None:
    certificates = issue(tmp_path / "tls", ("a.example.com",))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _handshake(certificates.stranger(Http.HTTP1), certificates.client(Http.HTTP1), "a.example.com")


def test_the_keys_are_private(tmp_path: Path) -> None:
    assert issue(tmp_path / "tls", ("a.example.com",)).folder.stat().st_mode & 0o077 == 0
