"""The load balancer moves, and later the provider gives its old addresses to somebody else, who answers 404.

Cloud addresses are recycled within minutes. Who still holds one gets an answer, only not from the host: no connection
fails, no retry starts, and the error looks like the application's own.
"""

from __future__ import annotations

from unstale.lab.faults.addresses_reused import AddressesReused
from unstale.lab.faults.dns_moves import DnsMoves
from unstale.lab.scenario import FAILS_SOME, NOTHING, Moment, Scenario, Timing, expected


def _moments(timing: Timing) -> tuple[Moment, ...]:
    return (
        Moment(after_s=timing.start_s, fault=DnsMoves()),
        Moment(after_s=timing.grace_s, fault=AddressesReused()),
    )


SCENARIO = Scenario(
    moments=_moments,
    source="AWS and Azure document that a released public address may be assigned to another customer",
    expects=expected(
        none=FAILS_SOME,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
