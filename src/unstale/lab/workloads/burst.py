"""The same number of requests as at an even rate, but all of a second's at once.

Queues fill, connections that were spare are needed, and limits of the pool show themselves.
"""

from __future__ import annotations

from unstale.lab.workload import Workload, in_groups

WORKLOAD = Workload(due=lambda pace: in_groups(pace, every_s=1.0, size=round(pace.rate)))
