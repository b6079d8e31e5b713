"""Ours: DNS followed by the mesh, retries that outlast a DNS refresh, and never a second run of a POST.

Retries are split by method. What may be repeated (GET, HEAD, OPTIONS, PUT, DELETE) is repeated after a reset, with
pauses that together span more than a time to live, since the right address cannot be known earlier. What may not
(POST, PATCH) is repeated only where nothing was sent. Needs Istio 1.26 or newer for `retries.backoff`.
"""

from __future__ import annotations

from unstale.istio.source import Source
from unstale.lab.policy import Policy, template
from unstale.lab.target import Target


def manifests(target: Target) -> tuple[Source, ...]:
    """ServiceEntry, VirtualService and DestinationRule for the target's host and port."""
    return (template("recommended.yaml", target),)


POLICY = Policy(manifests=manifests)
