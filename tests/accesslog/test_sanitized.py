"""The compiled scanner under AddressSanitizer and UndefinedBehaviorSanitizer, on mutated lines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from unstale import accesslog

HERE = Path(__file__).parent
SOURCES = sorted(map(str, (Path(accesslog.__file__).parent / "scanner").glob("*.c")))
FLAGS = ("-O1", "-g", "-shared", "-fPIC", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def library(name: str) -> str:
    """Where the compiler has a sanitizer's run-time library; "" where it has none."""
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return found if Path(found).is_absolute() else ""


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    include = Path(sysconfig.get_paths()["include"])
    if shutil.which("gcc") is None or not (include / "Python.h").exists() or not library("libasan.so"):
        pytest.skip("needs gcc with its sanitizers and Python's headers (Debian: gcc, libpython3-dev)")
    target = tmp_path_factory.mktemp("sanitized") / "_rows.abi3.so"
    command = ["gcc", *FLAGS, f"-I{include}", *SOURCES, "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return target


@pytest.mark.parametrize("has_avx2", ["1", "0"])
def test_no_report_on_mutated_lines(extension: Path, has_avx2: str) -> None:
    environment = os.environ | {
        "UNSTALE_AVX2": has_avx2,
        "LD_PRELOAD": f"{library('libasan.so')} {library('libstdc++.so.6')}",
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0",
        "UBSAN_OPTIONS": "halt_on_error=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(HERE),
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "sanitized_scan.py"), str(extension), "1500", "11"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "clean\n"), done.stderr[-4000:]
