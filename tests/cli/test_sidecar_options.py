"""`unstale sidecar`: wrong usage is told before anything starts; the status as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from called import unstale

from unstale.report.sidecar_status import as_text


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--", "true"], "-f: no manifests. Give files or folders, as in -f manifests/."),
        (["-f", "api.yaml"], "CMD: no command. Name one, as in -- python app.py, or use --listen ADDR:PORT."),
        (
            ["-f", "api.yaml", "--listen", "localhost:1", "true"],
            "--listen: no IP address and port (localhost:1). Write 127.0.0.1:15080.",
        ),
        (
            ["-f", "api.yaml", "--listen", "127.0.0.1:0", "true"],
            "--listen: no port (0). Write a number from 1 to 65535.",
        ),
        (
            ["-f", "api.yaml", "--exclude-port", "80,x", "true"],
            "--exclude-port: no port (x). Write a number from 1 to 65535.",
        ),
        (
            ["-f", "api.yaml", "--exclude-cidr", "10/8/9", "true"],
            "--exclude-cidr: no network (10/8/9). Write 10.0.0.0/8.",
        ),
        (
            ["-f", "api.yaml", "--admin", "192.0.2.1:9901", "true"],
            "--admin: not on the loopback (192.0.2.1). Whoever reaches it may stop Envoy.",
        ),
        (
            ["-f", "api.yaml", "--listen", "127.0.0.1:15080", "--dns-capture", "true"],
            "--dns-capture: nothing is captured with --listen. Leave one of them out.",
        ),
    ],
)
def test_wrong_usage(words: list[str], wanted: str, tmp_path: Path) -> None:
    done = unstale("sidecar", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {wanted}\n")


STATUS = {
    "pid": 7,
    "command": ["python", "my app.py"],
    "manifests": ["m.yaml"],
    "istio": "1.32",
    "listen": None,
    "age_s": 3700.0,
    "envoy": {"pid": 8, "log": "/run/envoy.log"},
    "in_force": {"age_s": 61.2, "listeners": 2, "routes": 1, "clusters": 3, "endpoints": 0},
    "refused": {"age_s": 2.0, "reason": "m.yaml:1:2: wrong.\nm.yaml:2:2: wrong too."},
    "hosts": [
        {
            "host": "api.example.com",
            "port": 80,
            "subset": "v1",
            "resolution": "STRICT_DNS",
            "endpoints": [
                {"address": "203.0.113.7:80", "is_healthy": False, "connections": 2, "requests": 1, "failures": 3}
            ],
            "dns": {"age_s": 4.0, "ttl_s": 26, "failures": 1},
        },
        {"host": "none", "port": 1, "subset": "", "resolution": "STRICT_DNS", "endpoints": [], "dns": None},
    ],
    "connections": [
        {"address": "203.0.113.7:80", "age_s": 9.0, "is_known": True},
        {"address": "203.0.113.7:80", "age_s": 70.0, "is_known": True},
        {"address": "10.0.0.1:1", "age_s": 1.0, "is_known": False},
    ],
}


def test_the_status_as_text() -> None:
    assert as_text(STATUS).splitlines() == [
        "sidecar 7: python 'my app.py', for 1 h 1 min",
        "  manifests  m.yaml (Istio 1.32)",
        "  envoy      process 8, its log /run/envoy.log",
        "  in force   for 1 min 1 s: 2 listeners, 1 route, 3 clusters, 0 endpoint sets",
        "  refused    2 s ago: m.yaml:1:2: wrong.",
        "             m.yaml:2:2: wrong too.",
        "",
        "hosts",
        "  api.example.com:80 subset v1                  STRICT_DNS, answered 4 s ago, TTL now 26 s, 1 failed look-up",
        "    203.0.113.7:80                              2 connections, 1 request, 3 failed, ejected",
        "  none:1                                        STRICT_DNS",
        "    no endpoint now",
        "",
        "open connections to servers",
        "  203.0.113.7:80                                2 connections, 9 s to 1 min 10 s old",
    ]
