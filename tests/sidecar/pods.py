"""Run a script of this folder in namespaces of its own and read the JSON object it prints."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from unstale.sidecar.programs import find


def in_namespaces(script: str) -> dict[str, Any]:
    """What `script` printed; it gets a private folder with a short path."""
    with tempfile.TemporaryDirectory(prefix="us-") as folder:
        command = [find("unshare"), "--user", "--map-root-user", "--net", "--mount", sys.executable]
        path = str(Path(__file__).with_name(script))
        done = subprocess.run([*command, path, folder], capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer
