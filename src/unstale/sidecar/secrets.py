"""Certificates from files, without the agent that serves them in a pod.

istiod writes TLS as a reference to the secret service of the agent beside Envoy (`file-root:PATH`,
`file-cert:CRT~KEY`). There is no agent here, and Envoy refuses a secret source it has no cluster for; but it can read
the same files itself. What the agent or the cluster would have to make up - a workload's own certificate, a Kubernetes
Secret - cannot be had.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

SYSTEM_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where Debian and Ubuntu keep the certificates that `file-root:system` means."""

_CONTEXT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


class MissingSecretError(Exception):
    """A secret that cannot be had; its text is the secret's name. `why` and `allowed` are for its user."""

    def __init__(
        self,
        name: str,
        why: str = "",
        allowed: str = "Outside of one, give files: caCertificates, clientCertificate and privateKey.",
    ) -> None:
        self.why = why or f"exists only inside a mesh ({name})"
        self.allowed = allowed
        super().__init__(name)


def with_files(value: Any, *, system_roots: Path = SYSTEM_ROOTS) -> Any:
    """The configuration with each secret reference of a TLS context replaced by the files it means.

    Raises MissingSecretError.
    """
    if isinstance(value, dict):
        if value.get("@type") == _CONTEXT and "common_tls_context" in value:
            return {**value, "common_tls_context": _context(value["common_tls_context"], system_roots)}
        return {key: with_files(inner, system_roots=system_roots) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_files(inner, system_roots=system_roots) for inner in value]
    return value


def _context(context: dict[str, Any], system_roots: Path) -> dict[str, Any]:
    changed = dict(context)
    certificates = changed.pop("tls_certificate_sds_secret_configs", ())
    if certificates:
        changed["tls_certificates"] = [_certificate(each["name"]) for each in certificates]
    if "validation_context_sds_secret_config" in changed:
        roots = changed.pop("validation_context_sds_secret_config")
        changed["validation_context"] = _roots(roots["name"], system_roots)
    combined = changed.get("combined_validation_context", {})
    if "validation_context_sds_secret_config" in combined:
        del changed["combined_validation_context"]
        changed["validation_context"] = {
            **combined.get("default_validation_context", {}),
            **_roots(combined["validation_context_sds_secret_config"]["name"], system_roots),
        }
    return changed


def _roots(name: str, system_roots: Path) -> dict[str, Any]:
    kind, _, path = name.partition(":")
    if kind != "file-root":
        raise MissingSecretError(name)
    return {"trusted_ca": {"filename": str(system_roots) if path == "system" else path}}


def _certificate(name: str) -> dict[str, Any]:
    kind, _, paths = name.partition(":")
    chain, tilde, key = paths.partition("~")
    if kind != "file-cert" or not tilde:
        raise MissingSecretError(name)
    return {"certificate_chain": {"filename": chain}, "private_key": {"filename": key}}
