"""Requests at an even rate, whatever happens to the earlier ones.

The schedule is fixed beforehand (an open loop): a request that is due while every connection is busy waits, and its
latency counts from the moment it was due. A generator that waits for answers before it sends more would hide exactly
the stalls that this lab is after.
"""

from __future__ import annotations

from unstale.lab.workload import Workload, evenly

WORKLOAD = Workload(due=evenly)
