from __future__ import annotations

import asyncio

import pytest

from unstale.model.errors import MachineError
from unstale.sidecar.capture import capture, ruleset

GOLDEN = """\
table ip unstale
delete table ip unstale
table ip unstale {
  chain output {
    type nat hook output priority -100; policy accept;
    meta mark 1337 return
    oifname "lo" return
    ip daddr 127.0.0.0/8 return
    meta l4proto tcp redirect to :15001
  }
  chain own {
    type filter hook output priority -300; policy accept;
    meta mark 1337 notrack
  }
  chain answers {
    type filter hook prerouting priority -300; policy accept;
    iifname != "lo" notrack
  }
}
"""


def test_the_rules_are_istios() -> None:
    assert ruleset() == GOLDEN


def test_excluded_ports_return_before_the_redirect() -> None:
    exclusion = "    tcp dport { 22, 5432 } return\n"
    redirect = "    meta l4proto tcp redirect"
    assert ruleset(excluded_ports=[5432, 22, 22]) == GOLDEN.replace(redirect, exclusion + redirect)


def test_port_mark_and_table_can_be_chosen() -> None:
    rules = ruleset(port=16001, mark=7, table="mine")
    assert rules.startswith("table ip mine\ndelete table ip mine\n")
    assert "meta mark 7 return" in rules
    assert "tcp redirect to :16001\n" in rules
    assert "meta mark 7 notrack" in rules


def test_a_missing_nft_is_told_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(program: str) -> str:
        raise MachineError(f"this machine: program not found ({program}). Install it")

    monkeypatch.setattr("unstale.sidecar.nft.find", absent)
    with pytest.raises(MachineError, match=r"program not found \(nft\)"):
        asyncio.run(capture(ruleset()))


def test_the_reason_of_a_refusal_is_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstale.sidecar.nft.find", lambda program: "nft")
    prefix = ("sh", "-c", "cat >/dev/null; echo 'Error: Operation not permitted' >&2; echo more >&2; exit 1")
    with pytest.raises(MachineError, match=r"^nft: refused \(Error: Operation not permitted\)\. "):
        asyncio.run(capture(ruleset(), prefix=prefix))
