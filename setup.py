"""The one part that is not Python: the scanner of access logs, left out where there is no compiler.

The extension keeps to the stable ABI, so one wheel serves Python 3.11 and every later one. Without it the same lines
give the same counts, about ten times slower (see accesslog/plain_rows.py).
"""

from __future__ import annotations

from pathlib import Path

from setuptools import Extension, setup

SCANNER = Path("src/unstale/accesslog/scanner")

setup(
    ext_modules=[
        Extension(
            "unstale.accesslog._rows",
            sorted(map(str, SCANNER.glob("*.c"))),
            depends=sorted(map(str, SCANNER.glob("*.h"))),
            extra_compile_args=["-O2", "-fvisibility=hidden"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
