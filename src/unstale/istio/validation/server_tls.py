"""Rules for TLS that a Sidecar's ingress listener ends."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.sidecar import ServerTLSmode, ServerTLSProtocol, ServerTLSSettings, SidecarPort
from unstale.istio.validation.protocols import TLS
from unstale.istio.wording import shown

CIPHER_SUITES = (
    *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    *("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"),
    *("ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA"),
    *("AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA", "DES-CBC3-SHA"),
)
_OF_GATEWAYS = {
    "subject_alt_names": "subjectAltNames",
    "https_redirect": "httpsRedirect",
    "credential_name": "credentialName",
    "credential_names": "credentialNames",
    "tls_certificates": "tlsCertificates",
}
_FILES = ("server_certificate", "private_key", "ca_certificates", "ca_crl")
_MUTUAL = (ServerTLSmode.MUTUAL, ServerTLSmode.OPTIONAL_MUTUAL)
_OLD = (ServerTLSProtocol.TLSV1_0, ServerTLSProtocol.TLSV1_1)


def check_server_tls(tls: ServerTLSSettings, port: SidecarPort, faults: Faults) -> None:
    """Everything above the schema."""
    for attribute, name in _OF_GATEWAYS.items():
        if getattr(tls, attribute):
            faults.reject(tls, attribute, f"{name} cannot be used in a Sidecar", "Leave it out.")
    if (port.protocol or "").lower() not in TLS:
        what = f"TLS cannot end on a port of protocol {shown(port.protocol or '')}"
        faults.reject(port, "protocol", what, "Write HTTPS or TLS.")
    mode = tls.mode or ServerTLSmode.PASSTHROUGH
    if mode in (ServerTLSmode.ISTIO_MUTUAL, ServerTLSmode.AUTO_PASSTHROUGH):
        faults.reject(tls, "mode", f"mode cannot be used in a Sidecar ({mode})", "Write SIMPLE or MUTUAL.")
        return
    _check_ciphers(tls, faults)
    if mode is ServerTLSmode.PASSTHROUGH:
        written = [attribute for attribute in _FILES if getattr(tls, attribute)]
        if written:
            faults.caution(tls, written[0], "certificates have no use in mode PASSTHROUGH", "Leave them out.")
        return
    _check_certificates(tls, mode, faults)


def _check_certificates(tls: ServerTLSSettings, mode: ServerTLSmode, faults: Faults) -> None:
    needed = {"server_certificate": "serverCertificate", "private_key": "privateKey"}
    if mode in _MUTUAL:
        needed["ca_certificates"] = "caCertificates"
    for attribute, name in needed.items():
        if not getattr(tls, attribute):
            faults.reject(tls, attribute, f"{name} is missing", f"Mode {mode} needs it.")
    if tls.ca_crl and mode is ServerTLSmode.SIMPLE:
        faults.reject(tls, "ca_crl", "caCrl cannot go with mode SIMPLE", "Write mode MUTUAL, or leave it out.")


def _check_ciphers(tls: ServerTLSSettings, faults: Faults) -> None:
    if tls.min_protocol_version in _OLD and not tls.cipher_suites:
        what = f"{tls.min_protocol_version} has no cipher suite by default"
        faults.caution(tls, "min_protocol_version", what, "Write cipherSuites that it has, or TLSV1_2.")
    seen: set[str] = set()
    for index, suite in enumerate(tls.cipher_suites):
        place = f"cipher_suites[{index}]"
        if suite in seen:
            faults.caution(tls, place, f"cipher suite is named twice ({shown(suite)})", "Leave one out.")
        elif suite not in ("", "ALL", *CIPHER_SUITES) and suite[0].isalnum():
            what = f"cipher suite does not exist and is ignored ({shown(suite)})"
            faults.caution(tls, place, what, f"There are {', '.join(CIPHER_SUITES)}.")
        seen.add(suite)
