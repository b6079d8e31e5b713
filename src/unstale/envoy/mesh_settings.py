"""The mesh's settings as a release takes them: what it does not know yet shapes nothing."""

from __future__ import annotations

from dataclasses import replace

from unstale.envoy.release import Release
from unstale.istio.mesh import MeshConfig, OutboundTrafficPolicy, OutboundTrafficPolicyMode
from unstale.istio.message import Message, origin_of
from unstale.model.problem import Problem, Severity

_SINCE = "It is known since 1.31."


def known_settings(mesh: MeshConfig, release: Release) -> tuple[MeshConfig, list[Problem]]:
    """The mesh without the settings of later releases, and a warning for each that it had."""
    if release.has_mesh_defaults:
        return mesh, []
    problems: list[Problem] = []
    policy, config = mesh.outbound_traffic_policy, mesh.default_config
    if mesh.default_traffic_policy is not None:
        problems.append(_unknown(mesh, "default_traffic_policy", "defaultTrafficPolicy", release))
    if config.connection_settings is not None:
        problems.append(_unknown(config, "connection_settings", "connectionSettings", release))
    if policy.mode is OutboundTrafficPolicyMode.ALLOW_ANY_DYNAMIC_DNS:
        problems.append(_unknown(policy, "mode", "ALLOW_ANY_DYNAMIC_DNS", release))
        policy = OutboundTrafficPolicy(mode=OutboundTrafficPolicyMode.ALLOW_ANY)
    known = replace(
        mesh,
        default_traffic_policy=None,
        zone_aware_lb_setting=None,
        default_config=replace(config, connection_settings=None),
        outbound_traffic_policy=policy,
    )
    return known, problems


def _unknown(message: Message, attribute: str, name: str, release: Release) -> Problem:
    return Problem(
        origin=origin_of(message, attribute),
        what=f"{name} is ignored by Istio {release}",
        allowed=_SINCE,
        severity=Severity.WARNING,
    )
