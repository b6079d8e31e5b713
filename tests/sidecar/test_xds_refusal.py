from __future__ import annotations

import pytest

from unstale.sidecar.xds.refusal import concerned, short_reason

CDS = "Error adding/updating cluster(s) outbound|80||a.example.com: Invalid path: /etc/ca.pem"
QUOTED = """goo.gle/debugstr\x20\x20
name: "80"
virtual_hosts {
  name: "site.example.com:80"
}
: Proto constraint validation failed (field: "action", reason: is required)"""


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        (("outbound|80||a.example.com", "outbound|80||b.example.com"), CDS, ("outbound|80||a.example.com",)),
        (("outbound|80||a.example.com", "outbound|80||a.example.co"), CDS, ("outbound|80||a.example.com",)),
        (("a", "b"), "nobody is named", ("a", "b")),
        (("a.example.com", "example.com"), "a.example.com: bad", ("a.example.com",)),
        (("0.0.0.0_80", "0.0.0.0_8080"), "listener 0.0.0.0_8080: bad", ("0.0.0.0_8080",)),
        ((), "nothing was sent", ()),
    ],
)
def test_the_resources_that_a_refusal_names(names: tuple[str, ...], error: str, expected: tuple[str, ...]) -> None:
    assert concerned(names, error) == expected


def test_the_reason_about_one_resource_leaves_its_name_out() -> None:
    assert short_reason(("outbound|80||a.example.com",), CDS) == "Invalid path: /etc/ca.pem"


def test_the_reason_about_several_keeps_their_names() -> None:
    assert short_reason(("x", "y"), "Error adding/updating cluster(s) x: bad, y: worse") == "x: bad, y: worse"


def test_the_message_that_envoy_quotes_is_left_out() -> None:
    reason = short_reason(("80",), QUOTED)
    assert reason == 'Proto constraint validation failed (field: "action", reason: is required)'
