"""`unstale` as a user calls it."""

from __future__ import annotations

import io
import sys
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from unstale.cli.main import main

MANIFESTS = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com]
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - {number: 80, name: http, protocol: HTTP}
  - {number: 443, name: https, protocol: HTTPS}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api}
spec:
  hosts: [api.example.com]
  http:
  - name: pay
    match: [{uri: {prefix: /pay}}]
    timeout: 5s
    retries: {attempts: 3, retryOn: connect-failure}
    route: [{destination: {host: api.example.com}}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a call ended."""

    returncode: int
    stdout: str
    stderr: str


def unstale(*arguments: str, cwd: Path) -> Done:
    """Run the command in `cwd`, where `api.yaml` holds MANIFESTS; in this process, since starting one takes longer."""
    (cwd / "api.yaml").write_text(MANIFESTS)
    out, err = io.StringIO(), io.StringIO()
    with ExitStack() as around:
        around.enter_context(patch.object(sys, "argv", ["unstale", *arguments]))
        for context in (chdir(cwd), redirect_stdout(out), redirect_stderr(err)):
            around.enter_context(context)
        try:
            main()
        except SystemExit as leave:
            assert isinstance(leave.code, int)
            return Done(returncode=leave.code, stdout=out.getvalue(), stderr=err.getvalue())
    raise AssertionError("the command ends the process")
