"""Texts under 1 MB that are made to take long, or to end a reader by its stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

_SIZE = 990_000
_HEADS = {
    "ServiceEntry": "networking.istio.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "Sidecar": "networking.istio.io/v1",
    "EnvoyFilter": "networking.istio.io/v1alpha3",
}


def _of(kind: str, spec: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": _HEADS[kind], "kind": kind, "metadata": {"name": "a"}, "spec": spec})


def _policy(policy: dict[str, Any]) -> str:
    return _of("DestinationRule", {"host": "a.b", "trafficPolicy": policy})


def _balancer(settings: dict[str, Any]) -> str:
    return _policy({"loadBalancer": settings})


def _interval(text: str) -> str:
    return _policy({"outlierDetection": {"interval": text}})


def _port(number: str) -> str:
    return _of("ServiceEntry", {"hosts": ["a.b"], "ports": [{"number": 7}]}).replace("7", number)


def _routes(routes: list[dict[str, Any]]) -> str:
    answered = [{"directResponse": {"status": 200}, **route} for route in routes]
    return _of("VirtualService", {"hosts": ["a.b"], "http": answered})


def _regex(pattern: str) -> str:
    return _routes([{"match": [{"uri": {"regex": pattern}}]}])


def _header(value: str) -> str:
    return _routes([{"headers": {"request": {"set": {"a": value}}}}])


def _hosts(hosts: list[str]) -> str:
    return _of("VirtualService", {"hosts": hosts, "http": [{"directResponse": {"status": 200}}]})


def _subsets(subsets: list[dict[str, Any]]) -> str:
    return _of("DestinationRule", {"host": "a.b", "subsets": subsets})


def _patch(value: dict[str, Any]) -> str:
    patch = {"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": value}}
    return _of("EnvoyFilter", {"configPatches": [patch]})


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def _filled(head: str, item: str, tail: str = "") -> str:
    return head + item * ((_SIZE - len(head) - len(tail)) // len(item)) + tail


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    return "\n".join(lines)


def _merges() -> str:
    lines = ["m0: &m0 {k0: v}"]
    lines += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}], k{n}: v}}" for n in range(1, 40)]
    return "\n".join(lines)


_YAML: dict[str, Callable[[], str]] = {
    "flow lists": lambda: "[" * _SIZE,
    "flow maps": lambda: '{"a":' * (_SIZE // 5),
    "flow maps of YAML": lambda: "{a: " * (_SIZE // 4),
    "block lists": lambda: "- " * (_SIZE // 2),
    "block maps": lambda: "".join(f"{' ' * n}a:\n" for n in range(1300)),
    "questions": lambda: "? " * (_SIZE // 2),
    "alias bomb": _bomb,
    "merge bomb": _merges,
    "alias of itself": lambda: "a: &a [*a]\nb: &b {b: *b, <<: *b}",
    "anchors": lambda: "".join(f"- &a{n} x\n- *a{n}\n" for n in range(45_000)),
    "one quoted scalar": lambda: _filled('a: "', "x", '"'),
    "one plain scalar": lambda: _filled("a: ", "x"),
    "one block scalar": lambda: _filled("a: |\n", "  x\n"),
    "one folded scalar": lambda: _filled("a: >\n", "  x\n\n"),
    "escapes": lambda: _filled('a: "', "\\u0041", '"'),
    "many keys": lambda: "".join(f"k{n}: 1\n" for n in range(100_000))[:_SIZE],
    "many equal keys": lambda: _filled("", "kind: a\n"),
    "many documents": lambda: _filled("", "---\n"),
    "many small documents": lambda: _filled("", "a: 1\n---\n"),
    "many broken documents": lambda: _filled("", "a: [\n---\n"),
    "list of numbers": lambda: _filled("a:\n", "- 1\n"),
    "flow list of numbers": lambda: _filled("[", "1,", "1]"),
    "flow list of nothing": lambda: _filled("[", "[],", "x"),
    "comments": lambda: _filled("", "# c\n"),
    "tabs": lambda: _filled("a:\n", "\t"),
    "spaces": lambda: " " * _SIZE,
    "carriage returns": lambda: "\r" * _SIZE,
    "byte order marks": lambda: "\ufeff" * 300_000,
    "line separators": lambda: "\u2028" * 300_000 + "a: [",
    "control characters": lambda: "\x00" * _SIZE,
    "a mesh of equal keys": lambda: _filled("kind: ConfigMap\ndata:\n  mesh: |\n", "    a:\n"),
}
_VALUES: dict[str, Callable[[], str]] = {
    "huge integer": lambda: _filled("a: ", "9"),
    "huge integer as port": lambda: _port("9" * 900_000),
    "huge exponent": lambda: _port("1e999999999"),
    "huge fraction": lambda: _interval(f"0.{'1' * 900_000}s"),
    "many units": lambda: _interval("1ns" * 300_000),
    "underscores": lambda: _filled("a: 1", "_"),
    "nested groups": lambda: _regex("(" * 500 + "a" + ")" * 500),
    "nested repeats": lambda: _regex("(" * 200 + "a" + "+)" * 200),
    "long regular expression": lambda: _regex("(a+)+" * 180_000),
    "open classes": lambda: _regex("[" * 1000),
    "arguments in a header": lambda: _header("%A(" + "x, " * 300_000),
    "percent signs in a header": lambda: _header("%%" * 450_000 + "%"),
    "surrogates": lambda: _of("ServiceEntry", {"hosts": ["\U0001f600" * 70_000]}),
    "key of labels": lambda: _subsets([{"name": "a", "labels": {"a." * 450_000 + "/b": "c"}}]),
    "host of labels": lambda: _of("DestinationRule", {"host": "a." * 450_000}),
    "large prime": lambda: _balancer({"consistentHash": {"maglev": {"tableSize": 18_446_744_073_709_551_557}}}),
}
_OBJECTS: dict[str, Callable[[], str]] = {
    "many unknown fields": lambda: _of("DestinationRule", {f"f{n}": 1 for n in range(80_000)}),
    "many prefixes": lambda: _routes([{"match": [{"uri": {"prefix": "/" + "a" * n}}]} for n in range(900)]),
    "many equal matches": lambda: _routes([{"match": [{"uri": {"exact": "/"}}] * 30_000}]),
    "many hosts": lambda: _hosts([f"h{n}.example.com" for n in range(40_000)]),
    "many wildcards": lambda: _hosts([f"*.h{n}.example.com" for n in range(38_000)]),
    "many nested wildcards": lambda: _hosts([f"*{'.a' * n}" for n in range(1, 120)] * 60),
    "many egress hosts": lambda: _of("Sidecar", {"egress": [{"hosts": [f"n{n}/a.b" for n in range(70_000)]}]}),
    "many subsets": lambda: _subsets([{"name": "a"}] * 60_000),
    "many namespaces": lambda: _of("DestinationRule", {"host": "a.b", "exportTo": [f"n{n}" for n in range(90_000)]}),
    "many localities": lambda: _balancer(
        {"localityLbSetting": {"distribute": [{"from": f"r{n}/z", "to": {"*": 100}} for n in range(17_000)]}}
    ),
    "nested patch": lambda: _patch(_nested(900)),
    "deep patch": lambda: _patch({"a": 0}).replace("0", "[" * 400_000 + "]" * 400_000),
    "wide patch": lambda: _patch({f"f{n}": n for n in range(60_000)}),
    "patch of many faults": lambda: _patch({"load_assignment": {"endpoints": [{"priority": "x"}] * 30_000}}),
}

HOSTILE = {**_YAML, **_VALUES, **_OBJECTS}
"""By what is special about them."""
