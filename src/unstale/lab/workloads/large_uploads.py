"""Bodies of one mebibyte, at a twentieth of the rate.

A body that is larger than the proxy keeps (1 MiB by default) cannot be sent a second time, so a retry that works for
small requests is not made for these.
"""

from __future__ import annotations

from dataclasses import replace

from unstale.lab.workload import Workload, evenly

WORKLOAD = Workload(due=lambda pace: evenly(replace(pace, rate=max(1.0, pace.rate / 20))), body_bytes=1024 * 1024)
