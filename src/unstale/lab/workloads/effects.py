"""Orders that must be placed exactly once: each takes the server 20 ms, so that a cut finds some of them half done.

What has taken effect before its answer is lost looks from outside as if it had not. The servers' ledger knows.
"""

from __future__ import annotations

from unstale.lab.workload import Workload, evenly

WORKLOAD = Workload(due=evenly, takes_s=0.02)
