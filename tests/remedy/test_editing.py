"""Edits touch what they name, and every other character stays."""

from __future__ import annotations

import difflib

import pytest
import yaml

from unstale.istio.source import Source
from unstale.remedy.editing.edit import Addition, CannotEditError, Change, Edit, Insert, Place, Remove, Set
from unstale.remedy.editing.files import edited
from unstale.remedy.manifest import Because

BLOCK = """\
# about the whole
kind: VirtualService   # kind
spec:

  hosts: ["a.example.com"]   # flow
  http:
  # about the rule
  - name: 'one'
    timeout: 30s   # why
    retries:
      attempts: 3
      retryOn: "5xx"
    route:
      - destination: {host: a.example.com}   # deep dash
# about nothing
  tcp:
"""
JSON = """\
{
    "kind": "VirtualService",
    "spec": {
        "hosts": ["a.example.com"],
        "http": [
            {"timeout": "30s"}
        ],
        "empty": {}
    }
}
"""
HERE = Place(file="a.yaml", line=2, column=1)


def _edited(text: str, *changes: Change, place: Place = HERE) -> str:
    return edited(Source(name="a.yaml", text=text), [Edit(place=place, change=change) for change in changes])


def _changed_lines(before: str, after: str) -> list[str]:
    return [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            Set(path=("spec", "http", 0, "timeout"), value="5s"),
            ["-    timeout: 30s   # why", "+    timeout: 5s   # why"],
        ),
        (
            Set(path=("spec", "http", 0, "retries", "retryOn"), value=Because("reset", "cut")),
            ['-      retryOn: "5xx"', "+      retryOn: reset # cut"],
        ),
        (
            Set(path=("spec", "http", 0, "retries", "backoff"), value=Because("100ms", "spread")),
            ["+      backoff: 100ms # spread"],
        ),
        (
            Set(path=("spec", "http", 0, "retries"), value={"attempts": 0}),
            ["-      attempts: 3", '-      retryOn: "5xx"', "+      attempts: 0"],
        ),
        (Set(path=("spec", "tcp"), value=[{"name": "no"}]), ['+  - name: "no"']),
        (Set(path=("spec", "tcp", "a"), value=1), ["+    a: 1"]),
        (
            Insert(path=("spec", "hosts", 1), value="b.example.com"),
            [
                '-  hosts: ["a.example.com"]   # flow',
                '+  hosts: ["a.example.com", b.example.com]   # flow',
            ],
        ),
        (Insert(path=("spec", "http", 0), value={"name": "zero"}), ["+  - name: zero"]),
        (Insert(path=("spec", "http", 7), value={"name": "two"}), ["+  - name: two"]),
        (
            Insert(path=("spec", "http", 0, "route", 1), value={"weight": 1}),
            ["+      - weight: 1"],
        ),
        (Remove(path=("spec", "http", 0, "timeout")), ["-    timeout: 30s   # why"]),
        (
            Remove(path=("spec", "http", 0, "name")),
            ["-  - name: 'one'", "-    timeout: 30s   # why", "+  - timeout: 30s   # why"],
        ),
        (Remove(path=("spec", "nothing")), []),
    ],
    ids=repr,
)
def test_only_the_touched_lines_differ(change: Change, lines: list[str]) -> None:
    after = _edited(BLOCK, change)
    assert sorted(_changed_lines(BLOCK, after)) == sorted(lines)
    yaml.safe_load(after)


def test_json_stays_json() -> None:
    place = Place(file="a.yaml", line=1, column=1)
    after = _edited(
        JSON,
        Set(path=("spec", "http", 0, "retries", "attempts"), value=Because(2, "no comments in JSON")),
        Set(path=("spec", "empty", "a"), value=True),
        Insert(path=("spec", "http", 0), value={"name": "zero"}),
        Remove(path=("spec", "hosts")),
        place=place,
    )
    assert yaml.safe_load(after) == {
        "kind": "VirtualService",
        "spec": {"http": [{"name": "zero"}, {"timeout": "30s", "retries": {"attempts": 2}}], "empty": {"a": True}},
    }
    assert "#" not in after


def test_a_shared_value_is_changed_in_one_place_only() -> None:
    text = "kind: A\none: &shared {a: 1}\ntwo: *shared\nthree:\n- *shared\n"
    place = Place(file="a.yaml", line=1, column=1)
    for path, expected in (
        (("one", "a"), {"kind": "A", "one": {"a": 2}, "two": {"a": 1}, "three": [{"a": 1}]}),
        (("two", "a"), {"kind": "A", "one": {"a": 1}, "two": {"a": 2}, "three": [{"a": 1}]}),
        (("three", 0, "a"), {"kind": "A", "one": {"a": 1}, "two": {"a": 1}, "three": [{"a": 2}]}),
    ):
        assert yaml.safe_load(_edited(text, Set(path=path, value=2), place=place)) == expected


def test_a_merged_field_is_overridden_where_it_is_used() -> None:
    text = "base: &base\n  a: {b: 1, c: 2}\nuse:\n  <<: *base\n  d: 3\n"
    after = _edited(text, Set(path=("use", "a", "b"), value=9), place=Place(file="a.yaml", line=1, column=1))
    assert yaml.safe_load(after)["use"] == {"a": {"b": 9, "c": 2}, "d": 3}
    assert yaml.safe_load(after)["base"] == {"a": {"b": 1, "c": 2}}


def test_objects_are_found_in_later_documents_and_in_lists_whatever_moved() -> None:
    text = "a: 1\n---\n# second\nkind: List\nitems:\n- x: 1\n- y: 1\n---\nz: 1\n"
    edits = [
        Edit(place=Place(file="f", line=1, column=1), change=Set(path=("b",), value={"c": {"d": 1}})),
        Edit(place=Place(file="f", line=6, column=3), change=Set(path=("x",), value=2)),
        Edit(place=Place(file="f", line=7, column=3), change=Set(path=("w",), value=2)),
        Edit(place=Place(file="f", line=9, column=1), change=Remove(path=("z",))),
    ]
    after = list(yaml.safe_load_all(edited(Source(name="f", text=text), edits)))
    assert after == [
        {"a": 1, "b": {"c": {"d": 1}}},
        {"kind": "List", "items": [{"x": 2}, {"y": 1, "w": 2}]},
        {},
    ]


def test_line_breaks_and_the_byte_order_mark_stay() -> None:
    text = "\ufeffkind: A\r\nspec:\r\n  a: 1\r\n"
    after = _edited(text, Set(path=("spec", "b"), value=[1]), place=Place(file="a.yaml", line=1, column=1))
    assert after == "\ufeffkind: A\r\nspec:\r\n  a: 1\r\n  b:\r\n  - 1\r\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n", "a: 1\n---\nkind: New\n"),
        ("a: 1", "a: 1\n---\nkind: New\n"),
        ("a: 1\n---\n", "a: 1\n---\nkind: New\n"),
        ("", "kind: New\n"),
        ('{"a": 1}', '{\n  "apiVersion": "v1",\n  "kind": "List",\n  "items": [\n    {\n      "a": 1\n    },'),
        ('{"kind": "List", "items": [{"a": 1}]}', '{"kind": "List", "items": [{"a": 1}, {"kind": "New"}]}'),
    ],
)
def test_additions_stand_at_the_end(text: str, expected: str) -> None:
    after = edited(Source(name="f", text=text), [], [Addition(file="f", manifest={"kind": "New"})])
    assert after.startswith(expected)
    assert after.count("New") == 1


@pytest.mark.parametrize(
    "change",
    [
        Set(path=("spec", "http", 5, "timeout"), value=1),
        Set(path=("spec", "http", "timeout"), value=1),
        Set(path=("kind", "a"), value=1),
        Insert(path=("kind", 0), value=1),
        Insert(path=("spec", "none", 0), value=1),
    ],
    ids=repr,
)
def test_what_cannot_be_changed_is_said(change: Change) -> None:
    with pytest.raises(CannotEditError, match=r"a\.yaml|list"):
        _edited(BLOCK, change)


def test_no_object_at_the_place_is_said() -> None:
    with pytest.raises(CannotEditError, match=r"a\.yaml:9:1: no object"):
        _edited(BLOCK, Remove(path=("kind",)), place=Place(file="a.yaml", line=9, column=1))
