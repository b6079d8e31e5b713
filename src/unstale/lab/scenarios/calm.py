"""Nothing goes wrong. What fails here fails because of the policy itself.

Every other figure is read against this one: a policy that loses requests in calm weather needs no storm.
"""

from __future__ import annotations

from unstale.lab.scenario import NOTHING, Scenario

SCENARIO = Scenario(
    expects={
        (policy, method): NOTHING
        for policy in ("none", "fresh-dns", "short-lived", "article", "recommended")
        for method in ("GET", "POST")
    }
)
