"""Nothing is done: the application keeps its connections, and the host is unknown to the mesh.

Traffic takes Istio's PassthroughCluster to the address that the application looked up when it connected, without
retries, for as long as both sides keep their connections.
"""

from __future__ import annotations

from unstale.lab.policy import Policy

POLICY = Policy()
