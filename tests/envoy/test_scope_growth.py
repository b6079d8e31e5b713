"""How scoping and patching grow where each host has a line of its own in the Sidecar and patches of its own."""

from __future__ import annotations

from dataclasses import replace

from test_growth import count_calls, manifests

from unstale.envoy.compile import compile as compile_manifests
from unstale.istio.envoy_filter import (
    ApplyTo,
    ClusterMatch,
    EnvoyConfigObjectMatch,
    EnvoyConfigObjectPatch,
    EnvoyFilter,
    FilterChainMatch,
    ListenerMatch,
    Patch,
    PatchOperation,
    RouteConfigurationMatch,
    VirtualHostMatch,
)
from unstale.istio.manifests import Manifests
from unstale.istio.metadata import Metadata
from unstale.istio.sidecar import IstioEgressListener, Sidecar


def scoped(count: int) -> Manifests:
    plain = manifests(count)
    hosts = [host for entry in plain.service_entries for host in entry.hosts]
    egress = IstioEgressListener(hosts=("*/*.example3.com", *(f"default/{host}" for host in hosts)))
    return replace(plain, sidecars=(Sidecar(egress=(egress,)),))


def patched(count: int) -> Manifests:
    plain = manifests(count)
    hosts = [host for entry in plain.service_entries for host in entry.hosts]
    patches = tuple(patch for host in hosts for patch in patches_for(host))
    return replace(plain, envoy_filters=(EnvoyFilter(metadata=Metadata(name="all"), config_patches=patches),))


def patches_for(host: str) -> list[EnvoyConfigObjectPatch]:
    chain = ListenerMatch(port_number=443, filter_chain=FilterChainMatch(sni=host))
    virtual_host = RouteConfigurationMatch(vhost=VirtualHostMatch(name=f"{host}:80"))
    return [
        patch(ApplyTo.CLUSTER, EnvoyConfigObjectMatch(cluster=ClusterMatch(service=host))),
        patch(ApplyTo.FILTER_CHAIN, EnvoyConfigObjectMatch(listener=chain)),
        patch(ApplyTo.VIRTUAL_HOST, EnvoyConfigObjectMatch(route_configuration=virtual_host)),
    ]


def patch(apply_to: ApplyTo, match: EnvoyConfigObjectMatch) -> EnvoyConfigObjectPatch:
    value = {"metadata": {"filter_metadata": {"mine": {"seen": True}}}}
    return EnvoyConfigObjectPatch(
        apply_to=apply_to, match=match, patch=Patch(operation=PatchOperation.MERGE, value=value)
    )


def test_a_line_of_the_sidecar_for_each_host_is_linear() -> None:
    some, more = scoped(60), scoped(120)
    compile_manifests(some)
    ratio = count_calls(lambda: compile_manifests(more)) / count_calls(lambda: compile_manifests(some))
    assert 1.8 < ratio < 2.1


def test_patches_for_each_host_are_linear() -> None:
    some, more = patched(60), patched(120)
    seen = str(compile_manifests(some).resources.as_json()).count("'seen'")
    assert seen == 60 * (3 + 1 + 1)
    ratio = count_calls(lambda: compile_manifests(more)) / count_calls(lambda: compile_manifests(some))
    assert 1.8 < ratio < 2.15
