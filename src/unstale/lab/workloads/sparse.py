"""One request on each connection at once, then nothing until just when idle time-outs strike, and again.

Traffic at night: rare, and each request finds connections that nobody has used for a while. It is the load under which
a keep-alive that is shorter than the pool's, or a NAT that forgets, shows itself.
"""

from __future__ import annotations

from unstale.lab.workload import Workload, in_groups

WORKLOAD = Workload(due=lambda pace: in_groups(pace, every_s=pace.pause_s, size=pace.connections))
