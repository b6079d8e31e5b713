"""Fix 2: the application opens a connection for each request, looks the host up for it, and closes it afterwards."""

from __future__ import annotations

from unstale.lab.apps import SHORT_LIVED
from unstale.lab.policy import Policy

POLICY = Policy(app=SHORT_LIVED)
