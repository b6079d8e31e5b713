"""What is asked of DNS, and what its answers become; the name server is on loopback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from click.testing import CliRunner

from unstale.cli.lint_dns import ask
from unstale.cli.main import group
from unstale.istio.source import Source
from unstale.lint.dns_answer import DnsAnswer
from unstale.lint.dns_names import dns_names
from unstale.lint.reading import read
from unstale.model.errors import InputError

_RECORDS = {
    ("api.example.com.", "A"): [
        ("api.example.com.", 300, "CNAME", "lb.example.com."),
        ("lb.example.com.", 7, "A", "192.0.2.1"),
    ],
    ("api.example.com.", "AAAA"): [("api.example.com.", 300, "CNAME", "lb.example.com.")],
    ("six.example.com.", "AAAA"): [("six.example.com.", 0, "AAAA", "2001:db8::1")],
}
_NAMES = {name for name, _ in _RECORDS} | {"empty.example.com."}


@contextmanager
def _name_server(*, address: str = "192.0.2.1") -> Iterator[str]:
    """Answers from the table, NXDOMAIN for other names, SERVFAIL for `broken`."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            wire, client = server.recvfrom(4096)
            if not wire:
                return
            server.sendto(_answer(dns.message.from_wire(wire), address).to_wire(), client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = server.getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", port))
        thread.join()
        server.close()


def _answer(query: dns.message.Message, address: str) -> dns.message.Message:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    question = query.question[0]
    name, kind = question.name.to_text(), question.rdtype.name
    for owner, ttl, type_name, value in _RECORDS.get((name, kind), ()):
        answer.answer.append(dns.rrset.from_text(owner, ttl, "IN", type_name, value.replace("192.0.2.1", address)))
    if name == "broken.example.com.":
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif name not in _NAMES:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("api.example.com", DnsAnswer(host="api.example.com", ttl_s=7, ipv4=("192.0.2.1",))),
        ("six.example.com", DnsAnswer(host="six.example.com", ttl_s=0, ipv6=("2001:db8::1",))),
        ("gone.example.com", DnsAnswer(host="gone.example.com", status="NXDOMAIN")),
        ("empty.example.com", DnsAnswer(host="empty.example.com", status="NODATA")),
        ("broken.example.com", DnsAnswer(host="broken.example.com", status="SERVFAIL")),
    ],
)
def test_answer(host: str, wanted: DnsAnswer) -> None:
    with _name_server() as server:
        found = ask([host], [server])[host]
    assert found.resolvers == ((server, wanted.addresses),)
    assert (found.host, found.status, found.ttl_s, found.ipv4, found.ipv6) == (
        wanted.host,
        wanted.status,
        wanted.ttl_s,
        wanted.ipv4,
        wanted.ipv6,
    )


def test_several_resolvers_are_told_apart() -> None:
    with _name_server() as one, _name_server(address="192.0.2.7") as other:
        found = ask(["api.example.com"], [one, other])["api.example.com"]
    assert found.ipv4 == ("192.0.2.1",)
    assert found.resolvers == ((one, ("192.0.2.1",)), (other, ("192.0.2.7",)))


@pytest.mark.parametrize("resolver", ["dns.example.com", "[::1", "10.0.0.1:x", ""])
def test_resolver_must_be_an_address(resolver: str) -> None:
    with pytest.raises(InputError, match="--resolver: no address"):
        ask(["api.example.com"], [resolver])


def test_names_that_are_asked_for() -> None:
    entry = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec: {{hosts: [{host}], resolution: {resolution}, ports: [{{number: 80, name: http, protocol: HTTP}}]{rest}}}
"""
    rows = [
        ("a", "API.example.com", "DNS", ""),
        ("b", "b.example.com", "NONE", ""),
        ("c", "c.example.com", "DNS", ", endpoints: [{address: lb.example.com}, {address: 192.0.2.1}]"),
        ("d", "d.example.com", "STATIC", ", endpoints: [{address: 192.0.2.1}]"),
        ("e", "reviews.shop.svc.cluster.local", "DNS", ""),
    ]
    text = "---\n".join(entry.format(name=n, host=h, resolution=r, rest=rest) for n, h, r, rest in rows)
    found = read([Source(name="x.yaml", text=text)])
    assert dns_names(found.manifests) == ("api.example.com", "lb.example.com", "d.example.com")


def test_command_asks_the_resolver(tmp_path: Path) -> None:
    manifest = tmp_path / "six.yaml"
    manifest.write_text(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: six}\nspec:\n"
        "  hosts: [six.example.com]\n  resolution: DNS\n  ports: [{number: 80, name: http, protocol: HTTP}]\n",
        "utf-8",
    )
    with _name_server() as server:
        arguments = ["lint", str(manifest), "--resolver", server, "-o", "json", "--select", "UNS306,UNS313"]
        told = CliRunner().invoke(group, arguments, standalone_mode=False).stdout
    findings = json.loads(told)["findings"]
    assert [(one["code"], one["line"]) for one in findings] == [("UNS306", 5), ("UNS313", 5)]
    assert json.loads(told)["not_judged"] == []
