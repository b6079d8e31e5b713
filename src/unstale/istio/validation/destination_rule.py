"""Rules for DestinationRule, the whole but its load balancing."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.istio.destination_rule import (
    ClientTLSSettings,
    DestinationRule,
    OutlierDetection,
    PortTrafficPolicy,
    Subset,
    TLSmode,
    TrafficPolicy,
    TunnelSettings,
)
from unstale.istio.faults import Faults
from unstale.istio.validation.connection_pool import check_connection_pool
from unstale.istio.validation.load_balancer import check_load_balancer
from unstale.istio.validation.names import A_HOST, A_WILDCARD_HOST, fqdn_fault, is_address, wildcard_domain_fault
from unstale.istio.validation.values import (
    check_durations,
    check_export_to,
    check_labels,
    check_port,
    check_range,
    check_selector,
    check_subset_name,
)
from unstale.istio.wording import shown

_CONFIG_MAP = "configmap://"
_CONFIG_MAP_SINCE = 26
_POLICIES = ("outlier_detection", "connection_pool", "load_balancer", "tls")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Where a policy stands, and which release judges it."""

    namespace: str
    release: int


def check_destination_rule(rule: DestinationRule, faults: Faults, release: int) -> None:
    """Everything above the schema, as Istio 1.`release` has it."""
    owner = _Owner(namespace=rule.metadata.namespace, release=release)
    if fault := wildcard_domain_fault(rule.host):
        faults.reject(rule, "host", f"host {fault} ({shown(rule.host)})", A_WILDCARD_HOST)
    if rule.traffic_policy is not None:
        _check_policy(rule.traffic_policy, faults, owner, may_warn=True)
    names: dict[str, Subset] = {}
    for subset in rule.subsets:
        if (first := names.setdefault(subset.name, subset)) is not subset:
            what = f"a second subset has this name ({shown(subset.name)})"
            faults.reject(subset, "name", what, f"The first is in line {first.origin.line}.")
        check_subset_name(subset, "name", subset.name, faults)
        check_labels(subset, "labels", subset.labels, faults)
        if subset.traffic_policy is not None:
            _check_policy(subset.traffic_policy, faults, owner, may_warn=False)
    _check_audience(rule, faults)


def _check_audience(rule: DestinationRule, faults: Faults) -> None:
    own = rule.metadata.namespace
    meant = check_export_to(rule, rule.export_to, own, faults, may_be_nobody=False)
    selector = rule.workload_selector
    if selector is None:
        return
    check_selector(selector, "match_labels", selector.match_labels, faults)
    if meant and meant != {own}:
        what = "exportTo goes beyond the namespace although workloadSelector selects pods in it"
        faults.reject(rule, "export_to", what, 'Write ".", or leave one of them out.')


def _check_policy(policy: TrafficPolicy, faults: Faults, owner: _Owner, *, may_warn: bool) -> None:
    written = (*_POLICIES, "port_level_settings", "tunnel", "proxy_protocol", "retry_budget")
    if not any(getattr(policy, name) for name in written):
        faults.reject(policy, "", "trafficPolicy is empty", "Write at least one field.")
    if policy.tunnel is not None and policy.proxy_protocol is not None:
        what = "tunnel and proxyProtocol exclude each other"
        faults.reject(policy, "proxy_protocol", what, "Keep one of them.")
    _check_parts(policy, faults, owner, may_warn=may_warn)
    if policy.tunnel is not None:
        _check_tunnel(policy.tunnel, faults)
    for port in policy.port_level_settings:
        if port.port is None:
            faults.reject(port, "port", "a port-level setting has no port", "Write port: {number: 443}.")
        if not any(getattr(port, name) is not None for name in _POLICIES):
            allowed = "Write connectionPool, loadBalancer, outlierDetection or tls."
            faults.reject(port, "", "a port-level setting sets nothing", allowed)
        _check_parts(port, faults, owner, may_warn=False)


def _check_parts(policy: TrafficPolicy | PortTrafficPolicy, faults: Faults, owner: _Owner, *, may_warn: bool) -> None:
    outlier = policy.outlier_detection
    if outlier is not None:
        _check_outlier(outlier, faults, may_warn=may_warn)
    if policy.connection_pool is not None:
        check_connection_pool(policy.connection_pool, faults)
    if policy.load_balancer is not None:
        has_outlier = outlier is not None
        check_load_balancer(policy.load_balancer, faults, owner.release, has_outlier=has_outlier, may_warn=may_warn)
    if policy.tls is not None:
        _check_tls(policy.tls, faults, owner)


def _check_outlier(outlier: OutlierDetection, faults: Faults, *, may_warn: bool) -> None:
    check_durations(outlier, faults, "base_ejection_time", "interval")
    check_range(outlier, faults, 0, 100, "max_ejection_percent", "min_health_percent")
    if outlier.consecutive_errors and may_warn:
        what = f"consecutiveErrors is ignored by the proxy ({outlier.consecutive_errors})"
        allowed = "Write consecutive5xxErrors or consecutiveGatewayErrors."
        faults.caution(outlier, "consecutive_errors", what, allowed)
    if outlier.consecutive_local_origin_failures and not outlier.split_external_local_origin_errors:
        what = "consecutiveLocalOriginFailures needs splitExternalLocalOriginErrors"
        faults.reject(outlier, "consecutive_local_origin_failures", what, "Set it to true.")


def _check_tunnel(tunnel: TunnelSettings, faults: Faults) -> None:
    if tunnel.protocol not in (None, "", "CONNECT", "POST"):
        what = f"protocol is no way to tunnel ({shown(tunnel.protocol)})"
        faults.reject(tunnel, "protocol", what, "Write CONNECT or POST.")
    host = tunnel.target_host
    if not is_address(host) and (fault := fqdn_fault(host)):
        faults.reject(tunnel, "target_host", f"targetHost {fault} ({shown(host)})", A_HOST)
    check_port(tunnel, "target_port", tunnel.target_port, faults)


def _check_tls(tls: ClientTLSSettings, faults: Faults, owner: _Owner) -> None:
    """TLS that the proxy originates: which of certificates, names and checks go together."""
    credential = tls.credential_name or ""
    if credential.startswith(_CONFIG_MAP) and owner.release >= _CONFIG_MAP_SINCE:
        namespace, _, name = credential.removeprefix(_CONFIG_MAP).partition("/")
        if namespace != owner.namespace or not name.partition("/")[0]:
            what = f"credentialName is no ConfigMap of the rule's namespace ({shown(credential)})"
            faults.reject(tls, "credential_name", what, f"Write {_CONFIG_MAP}{owner.namespace}/name.")
    if tls.mode not in (TLSmode.SIMPLE, TLSmode.MUTUAL):
        return
    if tls.insecure_skip_verify:
        _check_unverified(tls, faults)
    if credential:
        for attribute in ("client_certificate", "private_key", "ca_certificates", "ca_crl"):
            if getattr(tls, attribute):
                what = "files and credentialName exclude each other"
                faults.reject(tls, attribute, what, "Keep one of them.")
        return
    if tls.mode is TLSmode.MUTUAL:
        for attribute, name in (("client_certificate", "clientCertificate"), ("private_key", "privateKey")):
            if not getattr(tls, attribute):
                faults.reject(tls, attribute, f"{name} is missing", "Mode MUTUAL needs it, or credentialName.")


def _check_unverified(tls: ClientTLSSettings, faults: Faults) -> None:
    forbidden = {"ca_certificates": "caCertificates", "subject_alt_names": "subjectAltNames"}
    if tls.mode is TLSmode.SIMPLE:
        forbidden["credential_name"] = "credentialName"
    for attribute, name in forbidden.items():
        if getattr(tls, attribute):
            what = f"{name} has no use while insecureSkipVerify is true"
            faults.reject(tls, attribute, what, "Keep one of them.")
