#!/usr/bin/env python3
"""Run each library's own tests with the adapter in the place of its transport.

    .venv/bin/python scripts/library_suites.py [--only NAME].. [--no-plain] [--folder DIR]

The library's source package is taken from the package index by version and hash, its tests run in an environment of
their own under build/library-suites. Tests that cannot apply are left out by name, each with its reason, and listed.
What also fails with the plain library fails for a reason of this machine's (no network, another version of a
dependency) and is told apart with pytest's words: each suite runs plain as well. What fails with the adapter alone is
run twice more, each way: a test that hangs on the network or on time passes then, and is called unsteady. The verdict
has one line a library. Exits 1 where a test fails with the adapter alone, or nothing passed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """`paths` are the tests that go through the transport; `left_out` maps a part of a test's name to the reason."""

    name: str
    version: str
    sha256: str
    needs: tuple[str, ...]
    paths: tuple[str, ...]
    left_out: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run of a suite: pytest's last line, how many tests passed, and what failed, with pytest's words for it."""

    last: str
    passed: int
    failed: dict[str, str]


PYTEST = ("pytest>=8,<9", "pytest-timeout>=2.4", "dnspython>=2.6")

OWN_RESOLVER = "gives the connector a resolver of aiohttp's form; the adapter's own has a TTL"

SUITES = (
    Suite(
        name="httpx",
        version="0.28.1",
        sha256="75e98c5f16b0f35b567856f597f06ff2270a374470a5c2392242528e3e3e42fc",
        needs=("uvicorn", "trustme", "trio", "chardet", "h2", "socksio", "brotli", "zstandard", "rich", "pygments"),
        paths=("tests",),
        left_out={},
    ),
    Suite(
        name="requests",
        version="2.34.2",
        sha256="f288924cae4e29463698d6d60bc6a4da69c89185ad1e0bcc4104f584e960b9ed",
        needs=("pytest-httpbin==2.1.0", "httpbin~=0.10.0", "pytest-mock", "trustme", "PySocks"),
        paths=("tests",),
        left_out={},
    ),
    Suite(
        name="urllib3",
        version="2.8.0",
        sha256="63bf2ead4c879426ebf22ef2a781eeb4aa3b4ae798a0435506f8687fd5bb9b63",
        needs=(
            *("anyio[trio]", "h2", "httpx", "hypercorn", "PySocks", "pytest-socket", "quart", "quart-trio", "trio"),
            *("trustme", "pyopenssl", "cryptography", "idna"),
        ),
        paths=(
            "test/test_poolmanager.py",
            "test/test_proxymanager.py",
            "test/with_dummyserver/test_poolmanager.py",
            "test/with_dummyserver/test_proxy_poolmanager.py",
        ),
        left_out={
            "test_e2e_connect_to_ipv6_scoped": "mocks urllib3's create_connection; the adapter connects by itself",
        },
    ),
    Suite(
        name="aiohttp",
        version="3.14.5",
        sha256="5558a7f5a05af9ecf744af91e5baefc436f93c9333e656c27ec253f9a6bbe178",
        needs=(
            *(
                "coverage",
                "pytest-mock",
                "pytest-xdist",
                "pytest-codspeed",
                "trustme",
                "re-assert",
                "freezegun",
                "time-machine",
            ),
            *("proxy.py", "isal", "zlib_ng", "blockbuster", "python-on-whales", "brotli"),
        ),
        paths=(
            "tests/test_client_functional.py",
            "tests/test_client_middleware.py",
            "tests/test_client_session.py",
            "tests/test_client_ws_functional.py",
            "tests/test_proxy_functional.py",
        ),
        left_out={
            "test_creds_in_auth_and_redirect_url": OWN_RESOLVER,
            "test_drop_auth_on_redirect_to_other_host": OWN_RESOLVER,
            "test_auth_persist_on_redirect_to_other_host_with_global_auth": OWN_RESOLVER,
            "test_close_detached_session_on_non_existing_addr": OWN_RESOLVER,
            "test_amazon_like_cookie_scenario": OWN_RESOLVER,
            "test_client_middleware_blocks_connection_without_dns_lookup": OWN_RESOLVER,
        },
    ),
)


def source(suite: Suite, folder: Path) -> Path:
    """The unpacked source package; pip refuses one with another hash."""
    unpacked = folder / f"{suite.name}-{suite.version}"
    if unpacked.exists():
        return unpacked
    wanted = folder / f"{suite.name}.txt"
    wanted.write_text(f"{suite.name}=={suite.version} --hash=sha256:{suite.sha256}\n")
    command = [
        "download",
        "--no-deps",
        "--no-binary",
        ":all:",
        "--require-hashes",
        "-d",
        str(folder),
        "-r",
        str(wanted),
    ]
    pip(sys.executable, command)
    with tarfile.open(folder / f"{suite.name}-{suite.version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return unpacked


def environment(suite: Suite, folder: Path) -> Path:
    """The interpreter of an environment with the library's wheel and what its tests need."""
    home = folder / f"venv-{suite.name}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        pip(str(python), ["install", f"{suite.name}=={suite.version}", *PYTEST, *suite.needs])
        (home / "complete").touch()
    return python


def pip(python: str, arguments: Sequence[str]) -> None:
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"pip {arguments[0]} failed: {done.stderr.strip().splitlines()[-1:]}")


def run(suite: Suite, python: Path, tests: Path, *, is_plain: bool, only: Sequence[str] = ()) -> Outcome:
    """Run the suite, or `only` some of its tests."""
    env = {
        **os.environ,
        "COLUMNS": "250",  # pytest cuts its words to the width
        "UNSTALE_SUITE": suite.name,
        "UNSTALE_SUITE_PLAIN": "1" if is_plain else "",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "scripts" / "suites")]),
    }
    left_out = ["-k", " and ".join(f"not {part}" for part in suite.left_out)] if suite.left_out else []
    command = [str(python), "-m", "pytest", "-q", "-p", "fresh_transport", "-p", "no:cacheprovider", "-W", "default"]
    command += ["-o", "addopts=", "--timeout=60", "--tb=no", *left_out, *(only or suite.paths)]
    done = subprocess.run(command, cwd=tests, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    last = (done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
    passed = re.search(r"(\d+) passed", last)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S.*?)(?: - (.*))?$", done.stdout, re.MULTILINE)
    return Outcome(last=last, passed=int(passed[1]) if passed else 0, failed=dict(failed))


def report(suite: Suite, folder: Path, *, with_plain: bool) -> tuple[str, bool]:
    """Print one library's result; its line of the verdict, and True if nothing fails with the adapter alone."""
    tests = source(suite, folder)
    python = environment(suite, folder)
    fresh = run(suite, python, tests, is_plain=False)
    print(f"{suite.name} {suite.version}, fresh: {fresh.last}", flush=True)
    plain = Outcome(last="", passed=0, failed={})
    if with_plain:
        plain = run(suite, python, tests, is_plain=True)
        print(f"{suite.name} {suite.version}, plain: {plain.last}", flush=True)
    for part, reason in suite.left_out.items():
        print(f"  left out: {part}: {reason}")
    both = sorted(fresh.failed.keys() & plain.failed.keys())
    for name in both:
        print(f"  fails plain too: {name}: {plain.failed[name]}")
    alone = sorted(fresh.failed.keys() - plain.failed.keys())
    steady = steadily_failing(suite, python, tests, alone) if alone and with_plain else set(alone)
    for name in alone:
        print(f"  {'FAILS' if name in steady else 'unsteady'}: {name}: {fresh.failed[name]}")
    line = (
        f"{suite.name:<9} {suite.version:<8} {fresh.passed:>5} passed, {len(steady)} fail with the adapter alone, "
        f"{len(both)} fail plain too, {len(alone) - len(steady)} unsteady, {len(suite.left_out)} left out by name"
    )
    return line, not steady and fresh.passed > 0


def steadily_failing(suite: Suite, python: Path, tests: Path, names: Sequence[str]) -> set[str]:
    """Those of the tests that fail twice more with the adapter, and never without it."""
    steady = set(names)
    for _ in range(2):
        steady &= run(suite, python, tests, is_plain=False, only=names).failed.keys()
        steady -= run(suite, python, tests, is_plain=True, only=names).failed.keys()
    return steady


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the libraries' own tests through the adapters.")
    names = [suite.name for suite in SUITES]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--no-plain", action="store_true", help="do not run the plain library beside it")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "library-suites", metavar="DIR")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = [suite for suite in SUITES if not options.only or suite.name in options.only]
    results = [report(suite, options.folder, with_plain=not options.no_plain) for suite in wanted]
    print("verdict:")
    for line, is_well in results:
        print(f"  {'well ' if is_well else 'FAILS'} {line}")
    return 0 if all(is_well for _, is_well in results) else 1


if __name__ == "__main__":
    sys.exit(main())
