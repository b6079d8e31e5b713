from __future__ import annotations

from ipaddress import ip_address

import pytest

from unstale.model.errors import InputError
from unstale.simulation.call import Connection, Request, parse_call


def test_a_request_over_http_is_visible() -> None:
    call = parse_call("POST http://API.example.com:8080/pay?x=1#part", headers=["X-Tier:  gold "])
    assert call.request == Request(
        method="POST", authority="api.example.com:8080", path="/pay?x=1", headers=(("x-tier", "gold"),)
    )
    assert call.connection == Connection(port=8080, application_protocols=("http/1.1",))


@pytest.mark.parametrize(
    ("text", "is_tls", "port"), [("GET https://a.example", False, 443), ("GET http://a.example", True, 80)]
)
def test_an_encrypted_request_is_only_a_connection(text: str, is_tls: bool, port: int) -> None:
    call = parse_call(text, is_tls=is_tls)
    assert call.request is None
    assert (call.connection.port, call.connection.server_name) == (port, "a.example")


def test_an_address_in_the_url_is_the_destination_and_no_server_name() -> None:
    connection = parse_call("GET https://192.0.2.1/").connection
    assert connection.address == ip_address("192.0.2.1")
    assert connection.server_name == ""
    assert parse_call("GET http://[2001:db8::1]/").request == Request(method="GET", authority="[2001:db8::1]", path="/")


def test_a_host_header_wins_over_the_url() -> None:
    request = parse_call("GET http://a.example/", headers=["Host: b.example"]).request
    assert request is not None
    assert (request.authority, request.headers) == ("b.example", ())


@pytest.mark.parametrize(
    "text", ["", "GET", "http://a.example/", "GET a.example", "GET ftp://a.example/", "G T http://a/"]
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--request: not a request"):
        parse_call(text)


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(InputError, match="--request"):
        parse_call(f"GET http://a.example:{port}/")


@pytest.mark.parametrize("header", ["x", ": y", "a b: c"])
def test_what_is_no_header_is_refused(header: str) -> None:
    with pytest.raises(InputError, match="-H: not a header"):
        parse_call("GET http://a.example/", headers=[header])


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(InputError, match=r"--address: not an IP address \(b\)"):
        parse_call("GET http://a.example/", address="b")
