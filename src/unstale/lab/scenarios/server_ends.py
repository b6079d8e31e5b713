"""The servers are restarted one after another, each well: it ends its work, is away for a second, and comes back.

A deploy. The addresses stay and DNS never changes; whoever asks the one that is away is refused, and who can ask the
other one does not notice. It looks like a firewall or a load balancer that moved to whoever sees only the refusals.
"""

from __future__ import annotations

from unstale.lab.faults.servers_restart import ServersRestart
from unstale.lab.scenario import FAILS_SOME, HARDLY_FAILS, NOTHING, Least, Moment, Scenario, Timing, expected
from unstale.lab.unavoidable import MAY_HAVE_RUN

AWAY_S = 1.0


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (Moment(after_s=timing.start_s, fault=ServersRestart(min(AWAY_S, timing.duration_s / 8))),)


SCENARIO = Scenario(
    moments=_moments,
    source="POSIX, SIGTERM; nginx, gunicorn and Node close the listening socket first, then finish their work",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=FAILS_SOME,
        short_lived=FAILS_SOME,
        article=HARDLY_FAILS,  # four tries last 160 ms, a restart a second: all may meet the one that is away
        mesh_max_age=FAILS_SOME,
        recommended=(NOTHING, HARDLY_FAILS),
    ),
    least={"POST": Least(failed=0.01, why=MAY_HAVE_RUN)},
)
