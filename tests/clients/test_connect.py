"""The race of addresses on loopback: refusing ones, and one that never answers a SYN."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme

from unstale.clients.connect import Liveness, bounded, connect, hang_up, socket_options
from unstale.clients.policy import Policy


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.2", 0)) as listener:
        yield listener


@pytest.fixture
def silent(listener: socket.socket) -> Iterator[str]:
    """An address at the listener's port whose queue is full, so that the kernel drops each further SYN."""
    port = listener.getsockname()[1]
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.3", port))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.3", port))
        yield "127.0.0.3"


def race(*addresses: str, port: int, timeout_s: float = 5.0) -> tuple[str, tuple[str, ...]]:
    won = connect(addresses, port, timeout_s=timeout_s, attempt_delay_s=0.01)
    won.sock.close()
    return won.address, won.failed


def test_the_first_address_that_answers_wins(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert race("127.0.0.2", "127.0.0.1", port=port) == ("127.0.0.2", ())
    assert race("127.0.0.1", "127.0.0.2", port=port) == ("127.0.0.2", ("127.0.0.1",))


def test_an_address_that_is_silent_is_overtaken(listener: socket.socket, silent: str) -> None:
    assert race(silent, "127.0.0.2", port=listener.getsockname()[1]) == ("127.0.0.2", (silent,))


def test_the_time_is_bounded(listener: socket.socket, silent: str) -> None:
    with pytest.raises(TimeoutError):
        race(silent, port=listener.getsockname()[1], timeout_s=0.02)


def test_the_last_error_is_told_when_all_fail(listener: socket.socket) -> None:
    with pytest.raises(ConnectionRefusedError):
        race("127.0.0.4", "127.0.0.5", port=listener.getsockname()[1])
    with pytest.raises(OSError, match="no address"):
        race(port=1)


def test_the_source_address_and_options_are_set(listener: socket.socket) -> None:
    policy = Policy(keepalive_s=7, user_timeout_s=3)
    won = connect(
        ("127.0.0.2",),
        listener.getsockname()[1],
        timeout_s=5,
        attempt_delay_s=0.01,
        options=socket_options(policy),
        source_address=("127.0.0.9", 0),
    )
    with won.sock as sock:
        assert sock.getsockname()[0] == "127.0.0.9"
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 3000
        assert sock.gettimeout() is None


def test_zero_leaves_the_systems_defaults() -> None:
    assert socket_options(Policy(keepalive_s=0, user_timeout_s=0)) == ()


@pytest.mark.parametrize(("asked_s", "bound_s"), [(None, 5.0), (1.0, 1.0), (9.0, 5.0)])
def test_the_shorter_time_out_wins(asked_s: float | None, bound_s: float) -> None:
    assert bounded(asked_s, Policy(connect_timeout_s=5.0)) == bound_s


def test_a_hang_up_is_seen_behind_bytes_that_nobody_read() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        liveness = Liveness(ours)
        assert (bool(liveness.poll()), liveness.is_hung_up()) == (False, False)
        theirs.send(b"x")
        assert (bool(liveness.poll()), liveness.is_hung_up()) == (True, False)
        theirs.shutdown(socket.SHUT_WR)
        assert (bool(liveness.poll()), liveness.is_hung_up()) == (True, True)


def test_a_connection_that_another_thread_ends_stays_encrypted_for_whoever_uses_it() -> None:
    authority = trustme.CA()
    serving, calling = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("shop.test").configure_cert(serving)
    authority.configure_trust(calling)
    near, far = socket.socketpair()
    accepted: list[ssl.SSLSocket] = []
    accepting = threading.Thread(target=lambda: accepted.append(serving.wrap_socket(far, server_side=True)))
    accepting.start()
    with calling.wrap_socket(near, server_hostname="shop.test") as caller:
        accepting.join()
        with accepted[0] as server:
            server.sendall(b"HTTP/1.1 200 OK")
            hang_up(caller)
            assert caller.recv(100) == b"HTTP/1.1 200 OK"
            with pytest.raises(OSError, match=r"Broken pipe|EOF|SSL"):
                caller.sendall(b"GET / HTTP/1.1")


def test_hanging_up_twice_does_nothing() -> None:
    near, far = socket.socketpair()
    with near, far:
        hang_up(near)
        hang_up(near)
        assert far.recv(1) == b""
