"""Fix 1: the application looks the host up again every time to live and leaves connections whose address is gone."""

from __future__ import annotations

from unstale.lab.apps import FRESH_DNS
from unstale.lab.policy import Policy

POLICY = Policy(app=FRESH_DNS)
