"""Nothing goes wrong. What fails here fails because of the policy itself.

Every other figure is read against this one: a policy that loses requests in calm weather needs no storm.
"""

from __future__ import annotations

from unstale.lab.scenario import NOTHING, Scenario, expected

SCENARIO = Scenario(
    is_default=True,
    source="the figure that every other one is read against",
    expects=expected(
        none=NOTHING,
        fresh_dns=NOTHING,
        short_lived=NOTHING,
        article=NOTHING,
        mesh_max_age=NOTHING,
        recommended=NOTHING,
    ),
)
