"""The forms in which manifests for a host can be had: sidecars, the mesh's settings, ambient, Gateway API, egress."""

from __future__ import annotations

from collections.abc import Mapping

from unstale.model.errors import InputError
from unstale.remedy.facts import HostFacts
from unstale.remedy.recommended import RecommendedPolicy, recommended
from unstale.remedy.registry import remedies

RECOMMENDED = "recommended"
FORMS: Mapping[str, str] = {
    "mesh": "mesh-ends-connections",
    "ambient": "waypoint-reads-the-host",
    "gateway-api": "gateway-api-rules",
    "egress-gateway": "through-an-egress-gateway",
}


def form_names() -> tuple[str, ...]:
    """All of them, the usual one first."""
    return (RECOMMENDED, *FORMS)


def in_form(form: str, facts: HostFacts) -> RecommendedPolicy:
    """The manifests for a host. Raises InputError where the release lacks what the form needs."""
    if form == RECOMMENDED:
        return recommended(facts)
    remedy = remedies()[FORMS[form]]
    if facts.minor < remedy.since:
        raise InputError(f"--form {form}: needs Istio 1.{remedy.since} or newer ({facts.istio}). Choose another form.")
    assert remedy.manifests is not None
    return RecommendedPolicy(manifests=tuple(remedy.manifests(facts)))


def proof_of(form: str) -> str:
    """What proves it, in words."""
    return "proved by the default scenarios" if form == RECOMMENDED else remedies()[FORMS[form]].proof
