"""TLS towards the upstream: what the DestinationRule asks for, and the mesh's own where both ends have a sidecar (TLS).

Which names the certificate must carry comes from three places (the rule, the ServiceEntry, the request's own host), and
the last of them needs HTTP: without an explicit `sni` a TCP port verifies nothing but the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unstale.envoy.http_protocol_options import HttpProtocolOptions
from unstale.envoy.proxy import Proxy
from unstale.envoy.release import Release
from unstale.envoy.resource import Json, typed
from unstale.envoy.secret import (
    CA_SUFFIX,
    WORKLOAD_CERTIFICATE,
    WORKLOAD_ROOT,
    certificate_file,
    credential,
    root_file,
    workload_secret,
)
from unstale.istio.destination_rule import ClientTLSSettings, TLSmode
from unstale.istio.mesh import MeshConfig

_SOCKET = "envoy.transport_sockets.tls"
_TYPE = "extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_MESH_ALPN = ("istio-peer-exchange", "istio")
_ENCRYPTING = (TLSmode.SIMPLE, TLSmode.MUTUAL)
_CONFIG_MAP = "configmap://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What of a cluster decides about its TLS.

    `accounts` are the names of the ServiceEntry and of the endpoints' service accounts, `mesh_sni` is the name under
    which Istio's own TLS asks for it, `may_use_mesh_tls` that its endpoints may have a sidecar.
    """

    accounts: tuple[str, ...]
    mesh_sni: str
    is_external: bool
    may_use_mesh_tls: bool
    is_dynamic: bool = False
    has_selector: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The settings in force; `is_automatic` ones hold only for endpoints that are marked as capable of them."""

    settings: ClientTLSSettings
    is_automatic: bool = False


def is_encrypting(tls: ClientTLSSettings | None) -> bool:
    """The upstream is no part of the mesh and hears TLS; Istio then keeps its own ALPN away."""
    return tls is not None and tls.mode in _ENCRYPTING


def wanted_tls(tls: ClientTLSSettings | None, upstream: Upstream, proxy: Proxy) -> Wanted | None:
    """TLS-1: none for external hosts without a rule; within the mesh its own TLS."""
    own = _metadata_settings(proxy)
    if tls is None:
        if not upstream.may_use_mesh_tls:
            return None
        settings = own or ClientTLSSettings(mode=TLSmode.ISTIO_MUTUAL)
        settings = replace(settings, subject_alt_names=upstream.accounts, sni=upstream.mesh_sni)
        return Wanted(settings=settings, is_automatic=own is None)
    if tls.mode in (None, TLSmode.DISABLE):
        return None
    if tls.mode is TLSmode.SIMPLE:
        return Wanted(settings=tls)
    if own is not None and not upstream.is_external:
        return Wanted(
            settings=replace(
                own,
                subject_alt_names=tls.subject_alt_names,
                sni=tls.sni,
                insecure_skip_verify=tls.insecure_skip_verify,
            )
        )
    if tls.mode is TLSmode.MUTUAL:
        return Wanted(settings=tls)
    return Wanted(
        settings=ClientTLSSettings(
            mode=TLSmode.ISTIO_MUTUAL,
            subject_alt_names=tls.subject_alt_names or upstream.accounts,
            sni=tls.sni or upstream.mesh_sni,
            insecure_skip_verify=tls.insecure_skip_verify,
        )
    )


def tls_socket(
    tls: ClientTLSSettings,
    upstream: Upstream,
    options: HttpProtocolOptions,
    mesh: MeshConfig,
    release: Release,
    cluster: str,
) -> Json | None:
    """The transport socket; None where a Secret is named for all pods, of which most could not read it (TLS-7)."""
    if tls.mode is TLSmode.ISTIO_MUTUAL:
        if upstream.is_dynamic:
            _verify_by_request(options, tls, is_dynamic=True)
        return _socket(_mesh_context(tls, options), tls.sni or ("" if upstream.is_dynamic else cluster))
    if _names_a_secret(tls, release) and not upstream.has_selector:
        return None
    _verify_by_request(options, tls, is_dynamic=upstream.is_dynamic)
    context = _context(tls, tls.subject_alt_names or upstream.accounts)
    context["tls_params"] |= _mesh_parameters(mesh)
    if options.http2 is not None:
        context["alpn_protocols"] = ["h2"]
    return _socket(context, tls.sni)


def is_insecure_dynamic(tls: ClientTLSSettings) -> bool:
    """TLS that does not take both its server name and the name to verify from the request (TLS-3)."""
    return bool(tls.insecure_skip_verify or tls.sni)


def _metadata_settings(proxy: Proxy) -> ClientTLSSettings | None:
    """Certificates that the pod itself brings in place of Istio's."""
    chain = proxy.metadata.get("TLS_CLIENT_CERT_CHAIN")
    if not chain:
        return None
    return ClientTLSSettings(
        mode=TLSmode.MUTUAL,
        client_certificate=chain,
        private_key=proxy.metadata.get("TLS_CLIENT_KEY"),
        ca_certificates=proxy.metadata.get("TLS_CLIENT_ROOT_CERT"),
    )


def _names_a_secret(tls: ClientTLSSettings, release: Release) -> bool:
    name = tls.credential_name or ""
    return bool(name) and not (release.trusts_config_maps and name.startswith(_CONFIG_MAP))


def _socket(context: Json, sni: str | None) -> Json:
    return typed(_SOCKET, _TYPE, common_tls_context=context, **({"sni": sni} if sni else {}))


def _parameters() -> Json:
    return {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"}


def _mesh_parameters(mesh: MeshConfig) -> Json:
    """TLS-8: curves and ciphers, not the minimum version."""
    defaults = mesh.tls_defaults
    if defaults is None:
        return {}
    fields = {"ecdh_curves": list(defaults.ecdh_curves), "cipher_suites": list(defaults.cipher_suites)}
    return {name: values for name, values in fields.items() if values}


def _mesh_context(tls: ClientTLSSettings, options: HttpProtocolOptions) -> Json:
    return {
        "tls_params": _parameters(),
        "tls_certificate_sds_secret_configs": [workload_secret(WORKLOAD_CERTIFICATE)],
        "combined_validation_context": _verified(tls.subject_alt_names, workload_secret(WORKLOAD_ROOT)),
        "alpn_protocols": [*_MESH_ALPN, *(["h2"] if options.http2 is not None else [])],
    }


def _context(tls: ClientTLSSettings, names: Sequence[str]) -> Json:
    """TLS-2, TLS-4."""
    context: Json = {"tls_params": _parameters()}
    if tls.mode is TLSmode.MUTUAL:
        context["tls_certificate_sds_secret_configs"] = [
            credential(tls.credential_name)
            if tls.credential_name
            else certificate_file(tls.client_certificate or "", tls.private_key or "")
        ]
    if tls.insecure_skip_verify:
        if not tls.credential_name:
            context["validation_context"] = {}
        return context
    root = (
        credential(tls.credential_name + CA_SUFFIX)
        if tls.credential_name
        else root_file(tls.ca_certificates or "system")
    )
    context["combined_validation_context"] = _verified(names, root)
    if tls.ca_crl and not tls.credential_name:
        context["combined_validation_context"]["default_validation_context"]["crl"] = {"filename": tls.ca_crl}
    return context


def _verified(names: Sequence[str], root: Json) -> Json:
    return {
        "default_validation_context": {"match_subject_alt_names": [{"exact": name} for name in names]} if names else {},
        "validation_context_sds_secret_config": root,
    }


def _verify_by_request(options: HttpProtocolOptions, tls: ClientTLSSettings, *, is_dynamic: bool) -> None:
    """TLS-3: without a fixed name the host of the request is asked for and verified."""
    is_unnamed = not tls.sni and not tls.subject_alt_names
    fields: Json = {}
    if not tls.sni:
        fields["auto_sni"] = True
    if (is_dynamic or is_unnamed) and not tls.insecure_skip_verify:
        fields["auto_san_validation"] = True
    if fields:
        options.upstream = fields
