"""Fix 3: a ServiceEntry with `resolution: DNS` and VirtualServices with three retries on nearly everything.

The manifests are the article's, to the letter. Their retries are over within 160 ms and repeat POSTs.
"""

from __future__ import annotations

from unstale.istio.source import Source
from unstale.lab.policy import Policy, template
from unstale.lab.target import ARTICLE, Target


def _manifests(target: Target) -> tuple[Source, ...]:
    return (template("article.yaml", target),)


POLICY = Policy(manifests=_manifests, target=ARTICLE)
