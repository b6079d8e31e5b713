"""Files as people have them: templates, empty ones, broken ones, JSON with tabs. Nothing of it ends in a traceback."""

from __future__ import annotations

import json

import pytest
from fixing import fixed

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: b
spec:
  hosts: [b.example.com]
  resolution: NONE
  ports: [{number: 80, name: http, protocol: HTTP}]
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# a comment\n",
        "- a\n- b\n",
        '{"a": 1}',
        "apiVersion: v1\nkind: ServiceEntry\nmetadata:\n  name: {{ .Values.x }}\nspec:\n  hosts:\n  - {{ .h }}\n",
        "a: [1\n",
        "? [a]\n: b\n",
        "\x00",
    ],
    ids=repr,
)
def test_what_holds_no_object_stays_as_it_is(text: str) -> None:
    assert fixed(text).sources[0].text == text


def test_a_broken_document_leaves_its_neighbours_to_be_fixed() -> None:
    after = fixed("a: [1\n---\n" + ENTRY).sources[0].text
    assert after.startswith("a: [1\n---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n")
    assert "DestinationRule" in after


def test_json_with_tabs_and_emoji() -> None:
    entry = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": "t", "annotations": {"a": "\N{GRINNING FACE}"}},
        "spec": {
            "hosts": ["t.example.com"],
            "resolution": "NONE",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        },
    }
    result = fixed(json.dumps(entry, indent="\t"))
    made = json.loads(result.sources[0].text)
    kinds = [one["kind"] for one in made["items"]]
    assert kinds[0] == "ServiceEntry" and "VirtualService" in kinds and "DestinationRule" in kinds
    assert made["items"][0]["spec"]["resolution"] == "DNS_ROUND_ROBIN"
    assert made["items"][0]["metadata"] == entry["metadata"]


def test_an_anchor_is_not_changed_for_a_place_that_nobody_found_fault_with() -> None:
    rule = (
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: d}\nspec:\n  host: b.example.com\n"
        "  trafficPolicy:\n    connectionPool: &pool\n      tcp: {connectTimeout: 1s, maxConnections: 7}\n"
        "      http: {idleTimeout: 90s}\n  subsets:\n  - name: all\n    trafficPolicy:\n      connectionPool: *pool\n"
    )
    result = fixed(ENTRY.replace("NONE", "DNS") + "---\n" + rule)
    assert "UNS402" in {step.finding.code for step in result.steps}
    assert "http: {idleTimeout: 50s}" in result.sources[0].text
    assert "idleTimeout: 90s" in result.sources[0].text
