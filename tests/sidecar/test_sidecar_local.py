from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loopback import MANIFEST, cluster, listener, resources

from unstale.envoy.resource import Resource, Resources
from unstale.model.errors import ManifestError
from unstale.sidecar.access_log import FORMAT, logger
from unstale.sidecar.local import (
    allow_insecure_dynamic_forward_proxy,
    localize,
    one_logical_dns_endpoint,
    without_unused_mtls,
)
from unstale.sidecar.secrets import MissingSecretError, with_files

LOG = Path("/run/unstale/1/access.log")
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
TCP_PROXY: dict[str, Any] = {
    "name": "envoy.filters.network.tcp_proxy",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "PassthroughCluster",
        "cluster": "PassthroughCluster",
    },
}


def _localized(listener_: dict[str, Any]) -> dict[str, Any]:
    return localize(resources(clusters=[], listeners=[listener_], routes=[]), access_log=LOG).listeners[0].value


def _one(cluster_: dict[str, Any]) -> Resources:
    return resources(clusters=[cluster_], listeners=[], routes=[])


def test_the_format_is_istios_default() -> None:
    assert FORMAT == (
        '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% '
        "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
        '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
        '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" '
        '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
        "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
    )


def test_http_connection_managers_and_tcp_proxies_log_wherever_they_stand() -> None:
    both = {**listener(80), "default_filter_chain": {"name": "PassthroughFilterChain", "filters": [TCP_PROXY]}}
    localized = _localized(both)
    for chain in (*localized["filter_chains"], localized["default_filter_chain"]):
        assert chain["filters"][0]["typed_config"]["access_log"] == [logger(LOG)]


def test_other_filters_and_logs_that_are_there_stay() -> None:
    logged = {**TCP_PROXY["typed_config"], "access_log": [{"name": "other"}]}
    echo = {"name": "echo", "typed_config": {"@type": "type.googleapis.com/x.Echo"}}
    chain = {"filters": [echo, {**TCP_PROXY, "typed_config": logged}]}
    filters = _localized({**listener(80), "filter_chains": [chain]})["filter_chains"][0]["filters"]
    assert filters[0] == echo
    assert filters[1]["typed_config"]["access_log"] == [{"name": "other"}, logger(LOG)]


def test_virtual_outbound_logs_what_matches_no_chain() -> None:
    localized = _localized({**listener(15001), "name": "virtualOutbound"})
    assert localized["access_log"] == [{**logger(LOG), "filter": {"response_flag_filter": {"flags": ["NR"]}}}]
    assert "access_log" not in _localized(listener(80))


def test_without_a_path_nothing_is_logged_and_listeners_are_untouched() -> None:
    before = resources(clusters=[], listeners=[listener(80)], routes=[])
    assert localize(before, access_log=None) == before


def test_the_input_is_not_edited() -> None:
    value = listener(15001)
    _localized(value)
    assert value == listener(15001)


DYNAMIC = {
    "name": "outbound|80||*.example.com",
    "lb_policy": "CLUSTER_PROVIDED",
    "cluster_type": {
        "name": "envoy.clusters.dynamic_forward_proxy",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig"
        },
    },
}


def test_a_dynamic_forward_proxy_cluster_is_allowed_to_go_without_checking_names() -> None:
    changed = allow_insecure_dynamic_forward_proxy(DYNAMIC)
    assert changed["cluster_type"]["typed_config"]["allow_insecure_cluster_options"] is True


def test_one_that_checks_names_still_has_to() -> None:
    options = {OPTIONS: {"upstream_http_protocol_options": {"auto_sni": True, "auto_san_validation": True}}}
    checking = {**DYNAMIC, "typed_extension_protocol_options": options}
    assert allow_insecure_dynamic_forward_proxy(checking) == checking


def test_other_clusters_are_not_dynamic_forward_proxies() -> None:
    assert allow_insecure_dynamic_forward_proxy(cluster("c", 80)) == cluster("c", 80)


def _logical(*ports: int) -> dict[str, Any]:
    several = [cluster("c", port)["load_assignment"]["endpoints"][0] for port in ports]
    assignment = {"cluster_name": "c", "endpoints": several}
    return cluster("c", 80, type="LOGICAL_DNS", load_assignment=assignment)


@pytest.mark.parametrize(
    ("ports", "kept"),
    [((80,), 1), ((80, 80), 1), ((80, 81), 2), ((), 0)],
    ids=["one", "the same twice", "different ones", "none"],
)
def test_a_logical_dns_cluster_keeps_one_of_equal_endpoints(ports: tuple[int, ...], kept: int) -> None:
    changed = one_logical_dns_endpoint(_logical(*ports))
    assert len(changed["load_assignment"]["endpoints"]) == kept


def test_a_strict_dns_cluster_keeps_equal_endpoints() -> None:
    strict = {**_logical(80, 80), "type": "STRICT_DNS"}
    assert one_logical_dns_endpoint(strict) == strict


def _tls(common: dict[str, Any]) -> dict[str, Any]:
    return {"name": "tls", "typed_config": {"@type": TLS, "sni": "x", "common_tls_context": common}}


def _secret(name: str) -> dict[str, Any]:
    return {"name": name, "sds_config": {"api_config_source": {}}}


def test_roots_from_the_agent_become_the_file_they_mean_and_keep_the_names_to_check() -> None:
    names = {"match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "x"}}]}
    combined = {
        "default_validation_context": names,
        "validation_context_sds_secret_config": _secret("file-root:/etc/ca.pem"),
    }
    changed = with_files(_tls({"combined_validation_context": combined}))
    assert changed["typed_config"]["common_tls_context"] == {
        "validation_context": {**names, "trusted_ca": {"filename": "/etc/ca.pem"}}
    }
    assert changed["typed_config"]["sni"] == "x"


@pytest.mark.parametrize("shape", ["plain", "combined"])
def test_the_systems_roots_are_debians(shape: str) -> None:
    secret = {"validation_context_sds_secret_config": _secret("file-root:system")}
    changed = with_files(_tls(secret if shape == "plain" else {"combined_validation_context": secret}))
    assert changed["typed_config"]["common_tls_context"] == {
        "validation_context": {"trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"}}
    }


def test_a_client_certificate_from_the_agent_becomes_its_files() -> None:
    changed = with_files(_tls({"tls_certificate_sds_secret_configs": [_secret("file-cert:/c/crt~/c/key")]}))
    assert changed["typed_config"]["common_tls_context"] == {
        "tls_certificates": [{"certificate_chain": {"filename": "/c/crt"}, "private_key": {"filename": "/c/key"}}]
    }


@pytest.mark.parametrize("name", ["default", "kubernetes://bank", "file-cert:/only/one"])
def test_a_certificate_that_only_a_cluster_has_is_missing(name: str) -> None:
    with pytest.raises(MissingSecretError, match=name):
        with_files(_tls({"tls_certificate_sds_secret_configs": [_secret(name)]}))


def test_a_missing_secret_is_told_at_the_manifest() -> None:
    secret = {"validation_context_sds_secret_config": _secret("kubernetes://bank-cacert")}
    with pytest.raises(ManifestError) as caught:
        localize(_one(cluster("outbound|443||bank", 443, transport_socket=_tls(secret))), access_log=None)
    assert str(caught.value) == (
        f"{MANIFEST}: the certificate of cluster outbound|443||bank exists only inside a mesh "
        "(kubernetes://bank-cacert). Outside of one, give files: caCertificates, clientCertificate and privateKey."
    )


MTLS = {
    "name": "tlsMode-istio",
    "match": {"tlsMode": "istio"},
    "transport_socket": _tls({"tls_certificate_sds_secret_configs": [_secret("default")]}),
}
PLAIN = {"name": "tlsMode-disabled", "match": {}}


def test_the_meshs_mtls_is_dropped_where_no_endpoint_speaks_it() -> None:
    both = cluster("c", 80, transport_socket_matches=[MTLS, PLAIN])
    assert without_unused_mtls(both)["transport_socket_matches"] == [PLAIN]
    assert localize(_one(both), access_log=None).clusters[0].value["transport_socket_matches"] == [PLAIN]


@pytest.mark.parametrize("where", ["endpoints", "cluster"])
def test_the_meshs_mtls_is_a_problem_where_an_endpoint_speaks_it(where: str) -> None:
    both = cluster("c", 80, transport_socket_matches=[MTLS, PLAIN])
    marked = {"envoy.transport_socket_match": {"tlsMode": "istio"}}
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": [{"metadata": {"filter_metadata": marked}}]}]}
    if where == "cluster":
        wanted = _one({**both, "load_assignment": assignment})
    else:
        wanted = Resources(clusters=_one(both).clusters, endpoints=(Resource(name="c", value=assignment),))
    with pytest.raises(ManifestError, match="exists only inside a mesh"):
        localize(wanted, access_log=None)
