"""The parts of `unstale sidecar` that decide without doing: rules, tables, look-ups, routes of the proxy."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import pytest

from unstale.envoy.inputs import Configuration, compile_sources
from unstale.envoy.resource import Kind
from unstale.istio.source import Source
from unstale.sidecar.forward_proxy import NOT_APPLIED, ROUTE, as_forward_proxy
from unstale.sidecar.local_pod import BothFamilies, bound_addresses, has_ipv6, host_table
from unstale.sidecar.look_ups import LookUps, addresses_of, nameservers
from unstale.sidecar.namespace import Namespace
from unstale.sidecar.open_connections import OpenConnection, open_connections
from unstale.sidecar.permission import why_forbidden
from unstale.sidecar.resolver import SHARED, with_shared_resolver
from unstale.sidecar.run_folder import base, create, remove, running
from unstale.sidecar.setting import LocalSetting
from unstale.sidecar.wiring import Wiring, rules

SHOP = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  resolution: DNS
  ports:
  - {number: 80, name: http, protocol: HTTP}
  - {number: 8080, name: more, protocol: HTTP}
  - {number: 443, name: tls, protocol: TLS}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db}
spec:
  hosts: [db.example.com]
  addresses: [203.0.113.33, 203.0.113.64/28, "2001:db8::33"]
  resolution: STATIC
  ports: [{number: 3306, name: tcp, protocol: TCP}]
  endpoints: [{address: 192.0.2.7}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: wild}
spec:
  hosts: ["*.example.org"]
  resolution: NONE
  ports: [{number: 443, name: tls, protocol: TLS}]
"""


def compiled(**setting: Any) -> Configuration:
    return compile_sources((Source(name="shop.yaml", text=SHOP),), LocalSetting(**setting))


# What is captured


def test_all_is_captured_but_what_stays_here() -> None:
    assert rules(Wiring(has_ipv6=False)) == (
        "table ip unstale {\n"
        "  chain output {\n"
        "    type nat hook output priority -100; policy accept;\n"
        "    fib daddr type local return\n"
        "    ip daddr { 192.0.0.0/24 } return\n"
        "    meta l4proto tcp redirect to :15001\n"
        "  }\n"
        "}\n"
    )


def test_exclusions_are_of_their_own_family() -> None:
    networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    text = rules(Wiring(has_ipv6=True, excluded_networks=networks, excluded_ports=(22, 25)))
    four, six = text.split("table ip6 unstale")
    assert "ip daddr { 192.0.0.0/24, 10.0.0.0/8 } return" in four
    assert "ip6 daddr { fe80::/10, 2001:db8::/32 } return" in six
    assert four.count("tcp dport { 22, 25 } return") == six.count("tcp dport { 22, 25 } return") == 1


def test_look_ups_and_local_ports_are_taken_before_the_loopback_is_left_alone() -> None:
    lines = rules(Wiring(has_ipv6=False, local_ports=(5432,), relays={"127.0.0.53": 15053, "::1": 15054})).splitlines()
    order = [at for at, line in enumerate(lines) if "dport" in line or "fib" in line]
    assert [lines[at].strip() for at in order] == [
        "ip daddr 127.0.0.53 udp dport 53 redirect to :15053",
        "ip daddr 127.0.0.53 tcp dport 53 redirect to :15053",
        "ip daddr 127.0.0.0/8 tcp dport { 5432 } redirect to :15001",
        "fib daddr type local return",
    ]


# The pod that this machine is


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        ("", False),
        ("00000000000000000000000000000001 01 80 10 80 lo\n", False),
        ("fe800000000000000000000000000001 02 40 20 80 eth0\n", False),
        ("fd000000000000000000000000000002 02 40 00 80 eth0\n", True),
    ],
)
def test_ipv6_is_captured_where_this_machine_has_an_address(listed: str, wanted: bool) -> None:
    assert has_ipv6(listed) is wanted


def test_virtual_outbound_listens_on_both_families_and_stays_the_same_object() -> None:
    found, both = compiled(addresses=("192.0.0.100", "fd00::100")), BothFamilies()
    first, again = both.shape(found), both.shape(found)
    assert set(bound_addresses(first)) == {("0.0.0.0", 15001), ("::", 15001)}
    assert first.listeners[0] is again.listeners[0]
    assert first.listeners[1] is found.resources.listeners[1]


def test_hosts_with_addresses_are_in_the_table_and_ranges_are_not() -> None:
    assert host_table(compiled()) == {"db.example.com": ("203.0.113.33", "2001:db8::33")}


def test_how_a_described_pod_is_intercepted_is_not_for_its_file_to_say() -> None:
    proxy = Source(name="p.yaml", text="addresses: [10.9.9.9]\nmetadata: {INTERCEPTION_MODE: NONE}\n")
    found = LocalSetting(proxy=proxy, addresses=("192.0.0.100",), captures_dns=True).load_proxy()
    assert (found.ip_addresses, found.is_intercepted, found.captures_dns) == (("10.9.9.9",), True, True)


# Look-ups


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ("127.0.0.1",)),
        ("# nameserver 192.0.2.1\nnameserver 127.0.0.53\noptions ndots:5\n", ("127.0.0.53",)),
        ("nameserver ::1\nnameserver 192.0.2.1\nnameserver ::1\n", ("::1", "192.0.2.1")),
        ("nameserver fe80::1%eth0\nnameserver junk\nnameserver\n", ("fe80::1%eth0",)),
        ("".join(f"nameserver 192.0.2.{number}\n" for number in range(1, 5)), ("192.0.2.1", "192.0.2.2", "192.0.2.3")),
    ],
)
def test_the_name_servers_are_the_resolvers_own(text: str, wanted: tuple[str, ...]) -> None:
    assert nameservers(text) == wanted


TABLE = {"db.example.com": ("203.0.113.33",), "*.example.org": ("203.0.113.34",), "a.b.example.org": ("203.0.113.35",)}


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("DB.example.com", ("203.0.113.33",)),
        ("x.example.org", ("203.0.113.34",)),
        ("x.y.example.org", ("203.0.113.34",)),
        ("a.b.example.org", ("203.0.113.35",)),
        ("example.org", None),
        ("db.example.com.shop", None),
    ],
)
def test_the_closest_name_of_the_table_answers(host: str, wanted: tuple[str, ...] | None) -> None:
    assert addresses_of(host, TABLE) == wanted


def _asked(name: str, kind: str) -> dns.message.Message | None:
    look_ups = LookUps(Namespace())
    look_ups.table = TABLE
    answer = look_ups.answer(dns.message.make_query(name, kind).to_wire())
    return dns.message.from_wire(answer) if answer else None


def test_a_host_of_the_mesh_is_answered_and_others_are_not() -> None:
    found = _asked("db.example.com", "A")
    assert found is not None
    assert [rr.to_text() for rrset in found.answer for rr in rrset] == ["203.0.113.33"]
    assert _asked("other.example.com", "A") is None


def test_a_family_that_a_host_does_not_have_is_no_data_and_not_no_name() -> None:
    found = _asked("db.example.com", "AAAA")
    assert found is not None
    assert (found.rcode(), found.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize("junk", [b"", b"\0" * 5, b"\xff" * 40])
def test_junk_is_no_query(junk: bytes) -> None:
    look_ups = LookUps(Namespace())
    look_ups.table = TABLE
    assert look_ups.answer(junk) is None


# The forward proxy


def _front() -> dict[str, Any]:
    found = as_forward_proxy(compiled(http_port=15080), ("127.0.0.1", 18080))
    route = found.find(Kind.ROUTE, ROUTE)
    assert route is not None
    return {domain: host for host in route.value["virtual_hosts"] for domain in host["domains"]}


def _clusters(host: dict[str, Any]) -> list[str]:
    return [route["route"]["cluster"] for route in host["routes"] if "route" in route]


def test_a_proxys_request_takes_the_routes_of_its_port() -> None:
    front = _front()
    assert _clusters(front["shop.example.com"])[1:] == ["outbound|80||shop.example.com"]
    assert _clusters(front["shop.example.com:80"])[1:] == ["outbound|80||shop.example.com"]
    assert _clusters(front["shop.example.com:8080"])[1:] == ["outbound|8080||shop.example.com"]


def test_connect_goes_to_the_listener_that_would_have_captured_it() -> None:
    front = _front()
    assert _clusters(front["shop.example.com:8080"])[0] == "connect|0.0.0.0_8080"
    assert _clusters(front["shop.example.com:443"])[0] == "connect|0.0.0.0_443"
    assert _clusters(front["*.example.org:443"])[0] == "connect|0.0.0.0_443"
    assert _clusters(front["db.example.com:3306"])[0] == "connect|203.0.113.33_3306"
    assert _clusters(front["*"])[0] == "PassthroughCluster"


def test_the_log_says_of_each_connect_whether_http_policy_applies() -> None:
    front = _front()
    names = {domain: host["routes"][0]["name"] for domain, host in front.items()}
    assert not names["shop.example.com:8080"].endswith(NOT_APPLIED)
    assert all(names[domain].endswith(NOT_APPLIED) for domain in ("shop.example.com:443", "db.example.com:3306", "*"))


def test_the_proxy_has_one_address_and_nothing_follows_the_original_destination() -> None:
    found = as_forward_proxy(compiled(http_port=15080), ("127.0.0.1", 18080))
    assert set(bound_addresses(found)) == {("127.0.0.1", 18080)}
    assert not [one.name for one in found.clusters if one.value.get("type") == "ORIGINAL_DST"]


# One resolver


def test_a_cluster_with_istiods_resolver_takes_the_shared_one_and_is_else_the_same() -> None:
    cluster = next(one.value for one in compiled().resources.clusters if one.value.get("type") == "STRICT_DNS")
    shared = with_shared_resolver(cluster)
    assert {**shared, "typed_dns_resolver_config": SHARED} == cluster
    assert "typed_dns_resolver_config" not in shared
    assert with_shared_resolver({"typed_dns_resolver_config": {"name": "other"}}) != {}


# What the kernel and the machine say


def test_connections_are_read_from_the_kernels_tables(tmp_path: Path) -> None:
    (tmp_path / "7" / "fd").mkdir(parents=True)
    (tmp_path / "7" / "net").mkdir()
    for number, inode in enumerate((11, 12, 13)):
        (tmp_path / "7" / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    rest = "00000000:00000000 00:00000000 00000000     0        0"
    (tmp_path / "7" / "net" / "tcp").write_text(
        f"{head}   0: 0100007F:1F90 0771CBCB:0050 01 {rest} 11 1 0\n"
        f"   1: 0100007F:1F91 00000000:0000 0A {rest} 12 1 0\n"
        f"   2: 0100007F:1F92 0771CBCB:0050 01 {rest} 99 1 0\n"
    )
    six = "B80D0120000000000000000080000000"
    mapped = "0000000000000000FFFF00000771CBCB"
    (tmp_path / "7" / "net" / "tcp6").write_text(
        f"{head}   0: {six}:1F90 {six}:01BB 01 {rest} 13 1 0\n   1: {mapped}:1F90 {mapped}:01BB 01 {rest} 12 1 0\n"
    )
    assert open_connections(7, proc=tmp_path) == (
        OpenConnection(inode=11, local="127.0.0.1:8080", remote="203.203.113.7:80"),
        OpenConnection(inode=13, local="[2001:db8::80]:8080", remote="[2001:db8::80]:443"),
        OpenConnection(inode=12, local="203.203.113.7:8080", remote="203.203.113.7:443"),
    )
    assert open_connections(8, proc=tmp_path) == ()


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("user.max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ],
)
def test_the_setting_that_forbids_namespaces_is_named(tmp_path: Path, name: str, value: str, cure: str) -> None:
    setting = tmp_path / name.replace(".", "/")
    setting.parent.mkdir()
    setting.write_text(f"{value}\n")
    told = why_forbidden("user namespace: Operation not permitted", sysctl=tmp_path)
    assert f"({name} = {value})" in told
    assert told.endswith(cure)


def test_without_a_setting_the_kernels_word_is_given(tmp_path: Path) -> None:
    assert "(net namespace: Operation not permitted)" in why_forbidden(
        "net namespace: Operation not permitted", sysctl=tmp_path
    )


def test_the_run_folder_is_private_and_what_killed_ones_left_is_removed(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    folder = create(environ)
    (base(environ) / "999999999").mkdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert running(environ) == (folder,)
    assert not (base(environ) / "999999999").exists()
    remove(folder)
    assert not base(environ).exists()
