from __future__ import annotations

import pytest

from unstale.simulation.virtual_host import find_virtual_host

DOMAINS = ["api.example.com", "*.example.com", "*.deep.example.com", "api.*", "api.example.*", "*"]


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.com", "api.example.com"),
        ("api.example.com:8080", "api.example.com"),
        ("b.example.com", "*.example.com"),
        ("a.deep.example.com", "*.deep.example.com"),
        ("example.com", "*"),
        (".example.com", "*"),
        ("api.example.org", "api.example.*"),
        ("api.other.org", "api.*"),
        ("[2001:db8::1]:80", "*"),
    ],
)
def test_exact_then_longest_suffix_then_longest_prefix_then_all(authority: str, expected: str) -> None:
    configuration = {
        "ignore_port_in_host_matching": True,
        "virtual_hosts": [{"name": domain, "domains": [domain]} for domain in DOMAINS],
    }
    found = find_virtual_host(configuration, authority)
    assert found is not None
    assert found.domain == expected


def test_the_port_counts_unless_it_is_ignored() -> None:
    configuration = {"virtual_hosts": [{"domains": ["a.example", "b.example:81"]}]}
    assert find_virtual_host(configuration, "a.example:80") is None
    assert find_virtual_host(configuration, "b.example:81") is not None
