"""Each object gets a verdict of its own, whatever stands around it."""

from __future__ import annotations

from unstale.istio.judgement import Judgement, Verdict, judge
from unstale.istio.source import Source

GOOD = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: a, namespace: shop}
spec: {egress: [{hosts: ["./*"]}]}
"""


def _judged(*texts: str) -> tuple[Judgement, ...]:
    return judge([Source(name=f"{at}.yaml", text=text) for at, text in enumerate(texts)]).objects


def test_documents_are_counted_without_the_empty_ones() -> None:
    text = f"---\n# nothing\n---\n{GOOD}---\na: [\n---\n---\n{GOOD}"
    told = [(one.document, one.kind, one.namespace, one.name, one.verdict.value) for one in _judged(text)]

    assert told == [
        (1, "Sidecar", "shop", "a", "accepted"),
        (2, None, None, None, "rejected"),
        (3, "Sidecar", "shop", "a", "accepted"),
    ]


def test_items_of_a_list_are_judged_one_by_one() -> None:
    items = GOOD.replace("\n", "\n  ").rstrip()
    text = f"apiVersion: v1\nkind: List\nitems:\n- {items}\n- {items.replace('./*', 'short')}\n- kind: Pod\n"
    judged = _judged(text)

    assert [one.verdict for one in judged] == [Verdict.ACCEPTED, Verdict.REJECTED, Verdict.REJECTED]
    assert {one.document for one in judged} == {1}
    assert [one.kind for one in judged] == ["Sidecar", "Sidecar", "Pod"]


def test_other_kinds_are_counted_only() -> None:
    text = f"{{apiVersion: apps/v1, kind: Deployment, spec: 1}}\n---\n{GOOD}---\n{{apiVersion: v1, kind: Pod}}\n"
    judged = judge([Source(name="a", text=text)])

    assert [one.document for one in judged.objects] == [2]
    assert judged.skipped == {"Deployment": 1, "Pod": 1}
    assert judged.counts == {Verdict.ACCEPTED: 1, Verdict.WARNED: 0, Verdict.REJECTED: 0}


def test_an_object_written_twice_is_an_update() -> None:
    assert [one.verdict for one in _judged(GOOD, GOOD)] == [Verdict.ACCEPTED, Verdict.ACCEPTED]


def test_what_is_no_object_is_rejected_at_its_place() -> None:
    (lonely, other) = _judged("just text\n---\n- a\n")

    assert (lonely.document, lonely.verdict, str(lonely.problems[0].origin)) == (1, Verdict.REJECTED, "0.yaml:1:1")
    assert (other.document, other.verdict, str(other.problems[0].origin)) == (2, Verdict.REJECTED, "0.yaml:3:1")


def test_a_fault_of_the_list_itself_is_not_lost() -> None:
    (one,) = _judged("apiVersion: v1\nkind: List\nitems: {}\n")

    assert one.verdict is Verdict.REJECTED
