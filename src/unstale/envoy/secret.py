"""Where Envoy gets certificates and trusted authorities from: by name, of istio-agent beside it or the control plane.

Files are served over SDS too, because Envoy does not read a file again when it changes.
"""

from __future__ import annotations

from unstale.envoy.resource import Json

WORKLOAD_CERTIFICATE = "default"
WORKLOAD_ROOT = "ROOTCA"
CA_SUFFIX = "-cacert"
_AGENT = "sds-grpc"
_BUILTIN = "builtin://"
_KINDS = ("kubernetes://", "kubernetes-gateway://", "configmap://")


def workload_secret(name: str) -> Json:
    """The pod's own identity, or the mesh's root; the agent always has them, so Envoy waits for them."""
    return {"name": name, "sds_config": {**_agent_config(), "initial_fetch_timeout": "0s"}}


def certificate_file(certificate: str, key: str) -> Json:
    """A key pair mounted into the pod."""
    return {"name": f"file-cert:{certificate}~{key}", "sds_config": _agent_config()}


def root_file(path: str) -> Json:
    """Trusted authorities mounted into the pod; `system` are those of the proxy's image."""
    return {"name": f"file-root:{path}", "sds_config": _agent_config()}


def credential(name: str) -> Json:
    """A Secret or ConfigMap of the cluster, sent by the control plane; a bare name is a Secret."""
    if name == _BUILTIN:
        return workload_secret(WORKLOAD_CERTIFICATE)
    if name == _BUILTIN + CA_SUFFIX:
        return workload_secret(WORKLOAD_ROOT)
    name = name.removeprefix("sds://")
    full_name = name if name.startswith(_KINDS) else f"kubernetes://{name}"
    return {"name": full_name, "sds_config": {"ads": {}, "resource_api_version": "V3"}}


def _agent_config() -> Json:
    return {
        "api_config_source": {
            "api_type": "GRPC",
            "grpc_services": [{"envoy_grpc": {"cluster_name": _AGENT}}],
            "set_node_on_first_message_only": True,
            "transport_api_version": "V3",
        },
        "resource_api_version": "V3",
    }
