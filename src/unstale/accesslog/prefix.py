"""What log tools put before a line: kubectl, stern, the container runtime, docker compose, grep."""

from __future__ import annotations

import re

# One is taken off at a time, so a stack of them (grep over a CRI file of a pod) comes off as well.
_PREFIX = re.compile(
    r"""
    \s+
    | \[pod/[^\]\s]+/[^\]\s]+\]\s                                      # kubectl logs --prefix
    | \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)\s(?:stdout|stderr)\s[FP]\s   # the container runtime
    | \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z\s                          # kubectl logs --timestamps
    | [\w.-]+\s+\|\s                                                   # docker compose
    | (?:[\w./-]+:)?\d{1,7}[:-](?=[\[{"])                              # grep -n
    | [\w./-]+:(?=[\[{"])                                              # grep over several files
    | [a-z0-9][\w.-]*\s+(?:istio-proxy|envoy|discovery|[a-z0-9-]+)\s(?=[\[{"])          # stern
    | ACCESS\s                                                         # Emissary
    """,
    re.VERBOSE,
)


def split_prefix(line: str) -> tuple[str, str]:
    """What stands before a line (without blanks around it), and the line."""
    at = 0
    while at < len(line):
        found = _PREFIX.match(line, at)
        if found is None or found.end() == at:
            break
        at = found.end()
    return line[:at].strip(), line[at:]
