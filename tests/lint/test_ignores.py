"""Which lines a comment is about."""

from __future__ import annotations

import pytest
from lint_case import LintCase

from unstale.istio.source import Source
from unstale.lint.ignores import ignores_in

_ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  resolution: NONE
  ports: [{number: 443, name: tls, protocol: TLS}]
"""


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("a: 1\nkey: 2 # unstale: ignore=UNS1 why\nb: 3\n", (1, 4)),
        ("spec:\n  key: 2 # unstale: ignore=UNS1 why\n  b: 3\n", (2, 2)),
        ("spec:\n  # unstale: ignore=UNS1 why\n\n  # more\n  key: 2\n", (5, 5)),
        ("a: 1\n---\n# unstale: ignore=UNS1 why\nkind: X\nb: 1\n---\nc: 1\n", (3, 5)),
        ("# unstale: ignore=UNS1 why\n---\nkind: X\nb: 1\n", (3, 4)),
        ("items:\n# unstale: ignore=UNS1 why\n- kind: X\n  b: 1\n- kind: Y\n", (3, 4)),
        ("spec:\n  key: 2\n  # unstale: ignore=UNS1 why\n", (3, 3)),
    ],
)
def test_comment_is_about(text: str, reach: tuple[int, int]) -> None:
    (found,) = ignores_in([Source(name="x.yaml", text=text)])
    last = min(found.last_line, text.count("\n"))
    assert (found.first_line, last) == (reach[0], min(reach[1], text.count("\n")))
    assert (found.codes, found.reason) == (("UNS1",), "why")


@pytest.mark.parametrize(
    ("comment", "codes", "reason"),
    [
        ("# unstale: ignore=UNS104,UNS401 both are meant", ("UNS104", "UNS401"), "both are meant"),
        ("#unstale:ignore=uns104", ("UNS104",), ""),
        ("# unstale: ignore", (), ""),
        ("# unstale: ignore=UNS104 - because", ("UNS104",), "because"),
    ],
)
def test_codes_and_reason(comment: str, codes: tuple[str, ...], reason: str) -> None:
    (found,) = ignores_in([Source(name="x.yaml", text=f"a: 1\nb:\n  c: 1 {comment}\n")])
    assert (found.codes, found.reason) == (codes, reason)


def test_text_that_only_looks_like_it_is_none() -> None:
    assert ignores_in([Source(name="x.yaml", text='a: "x#unstale: ignore=UNS104 y"\nb: unstale\n')]) == ()


def test_ignored_finding_is_counted_and_others_stay() -> None:
    ignored = _ENTRY.replace("NONE", "NONE # unstale: ignore=UNS302 the firewall wants it")
    result = LintCase(name="x.yaml", text=ignored).judge()
    assert ("UNS302" in {one.code for one in result.findings}, result.ignored) == (False, 1)
    assert "UNS302" in {one.code for one in LintCase(name="x.yaml", text=_ENTRY).judge().findings}


def test_ignore_of_what_was_not_selected_is_not_told() -> None:
    text = _ENTRY.replace("resolution: NONE", "resolution: NONE # unstale: ignore=UNS101 nothing here")
    case = LintCase(name="x.yaml", text=text)
    assert [one.code for one in case.judge(select=["UNS3", "UNS0"]).findings] == ["UNS302"]
    assert [one.code for one in case.judge(select=["UNS1", "UNS0"]).findings] == ["UNS004"]
