"""Addresses for hosts that have none, as a cluster's controller would write them into the status."""

from __future__ import annotations

import pytest

from unstale.envoy.inputs import Configuration, Session
from unstale.istio.source import Source
from unstale.sidecar.allocation import AllocatingLoader, addresses_for
from unstale.sidecar.local_pod import host_table
from unstale.sidecar.setting import LocalSetting


def entry(name: str, *hosts: str, more: str = "", resolution: str = "DNS") -> str:
    several = ", ".join(hosts or (f"{name}.test",))
    protocol = "HTTP" if len(hosts) > 1 else "TCP"
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}{more}}}
spec:
  hosts: [{several}]
  resolution: {resolution}
  ports: [{{number: 3306, name: tcp, protocol: {protocol}}}]
"""


def chosen(loader: AllocatingLoader, *texts: str) -> dict[str, tuple[str, ...]]:
    loaded = loader.load([Source(name="m.yaml", text="---\n".join(texts))])
    entries = loaded.manifests.service_entries
    return {host: one.status_addresses.get(host, ()) for one in entries for host in one.hosts}


def test_each_host_gets_one_address_of_each_family() -> None:
    assert chosen(AllocatingLoader(), entry("a", "a.test", "b.test"), entry("c")) == {
        "a.test": ("240.240.0.1", "2001:2::1"),
        "b.test": ("240.240.0.2", "2001:2::2"),
        "c.test": ("240.240.0.3", "2001:2::3"),
    }


@pytest.mark.parametrize(
    "text",
    [
        entry("own").replace("  resolution", "  addresses: [203.0.113.1]\n  resolution"),
        entry("none", resolution="NONE"),
        entry("label", more=', labels: {networking.istio.io/enable-autoallocate-ip: "False"}'),
    ],
)
def test_who_has_an_address_or_must_not_get_one_gets_none(text: str) -> None:
    assert set(chosen(AllocatingLoader(), text).values()) == {()}


def test_what_the_status_tells_stays_and_is_given_to_nobody_else() -> None:
    told = entry("told") + "status: {addresses: [{host: told.test, value: 240.240.0.1}]}\n"
    assert chosen(AllocatingLoader(), entry("a"), told) == {
        "a.test": ("240.240.0.2", "2001:2::1"),
        "told.test": ("240.240.0.1",),
    }


def test_a_host_keeps_its_address_as_others_come_and_go() -> None:
    loader = AllocatingLoader()
    assert chosen(loader, entry("a"), entry("b"))["b.test"][0] == "240.240.0.2"
    assert chosen(loader, entry("b"), entry("c")) == {
        "b.test": ("240.240.0.2", "2001:2::2"),
        "c.test": ("240.240.0.3", "2001:2::3"),
    }
    assert chosen(loader, entry("a"))["a.test"][0] == "240.240.0.1"


def test_what_did_not_change_is_the_same_object_and_what_went_is_told_by_it() -> None:
    loader = AllocatingLoader()
    text = entry("a") + "---\n" + entry("b")
    first = loader.load([Source(name="m.yaml", text=text)]).manifests.service_entries
    after = loader.load([Source(name="m.yaml", text=text.replace("3306, name: tcp", "3307, name: tcp", 1))])
    assert after.manifests.service_entries[1] is first[1]
    assert after.removed == (first[0],)
    assert after.removed[0] is first[0]
    assert after.added[0] is after.manifests.service_entries[0]


def compiled(
    istio: str = "1.32", *, addresses: tuple[str, ...] = ("192.0.0.100",), captures: bool = True
) -> Configuration:
    setting = LocalSetting(istio=istio, addresses=addresses, captures_dns=captures)
    return Session(setting).compile((Source(name="m.yaml", text=entry("db")),))


def test_a_tcp_host_without_an_address_has_a_listener_of_its_own() -> None:
    names = [one.name for one in compiled().resources.listeners]
    assert "240.240.0.1_3306" in names
    assert "240.240.0.1_3306" not in [one.name for one in compiled(captures=False).resources.listeners]
    assert "240.240.0.1_3306" not in [one.name for one in compiled("1.24").resources.listeners]


def test_look_ups_are_answered_in_the_families_of_the_pod() -> None:
    assert host_table(compiled()) == {"db.test": ("240.240.0.1",)}
    assert host_table(compiled(addresses=("192.0.0.100", "fd00::100"))) == {"db.test": ("240.240.0.1", "2001:2::1")}
    assert host_table(compiled("1.24")) == {}


def test_ranges_are_no_answer() -> None:
    loader = AllocatingLoader()
    text = entry("a", resolution="NONE").replace("  resolution", "  addresses: [10.0.0.0/8, 10.1.1.1/32]\n  resolution")
    (one,) = loader.load([Source(name="m.yaml", text=text)]).manifests.service_entries
    assert addresses_for(one, "a.test", (4, 6)) == ("10.1.1.1",)
