"""How the work grows with the number of hosts, counted in calls: no clock, so no noise."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

import pytest

from unstale.envoy.compile import compile as compile_manifests
from unstale.istio.destination_rule import ConnectionPoolSettings, DestinationRule, TCPSettings, TrafficPolicy
from unstale.istio.manifests import Manifests
from unstale.istio.metadata import Metadata
from unstale.istio.service_entry import (
    Resolution,
    ServiceEntry,
    ServicePort,
    WorkloadEntry,
    WorkloadSelector,
)
from unstale.istio.virtual_service import (
    Delegate,
    Destination,
    HTTPRoute,
    HTTPRouteDestination,
    RouteDestination,
    TLSMatchAttributes,
    TLSRoute,
    VirtualService,
)
from unstale.istio.workload import WorkloadEntryResource

POOL = TrafficPolicy(connection_pool=ConnectionPoolSettings(tcp=TCPSettings(max_connections=5)))


def manifests(count: int) -> Manifests:
    """Hosts that share two ports and have one of their own, each with a VirtualService and a rule, some by wildcard."""
    hosts = [f"host{number}.example{number % 5}.com" for number in range(count)]
    return Manifests(
        service_entries=tuple(
            ServiceEntry(
                metadata=Metadata(name=host),
                hosts=(host,),
                ports=(
                    ServicePort(number=80, name="http", protocol="HTTP"),
                    ServicePort(number=443, name="tls", protocol="TLS"),
                    ServicePort(number=10000 + number, name="own", protocol="HTTP"),
                ),
                resolution=Resolution.DNS,
            )
            for number, host in enumerate(hosts)
        ),
        virtual_services=tuple(map(virtual_service, ["*.example1.com", *hosts])),
        destination_rules=tuple(
            DestinationRule(metadata=Metadata(name=host), host=host, traffic_policy=POOL)
            for host in ["*.example2.com", *hosts]
        ),
    )


def virtual_service(host: str) -> VirtualService:
    destination = Destination(host=host)
    return VirtualService(
        metadata=Metadata(name=host),
        hosts=(host,),
        http=(HTTPRoute(route=(HTTPRouteDestination(destination=destination),)),),
        tls=(
            TLSRoute(
                match=(TLSMatchAttributes(sni_hosts=(host,)),),
                route=(RouteDestination(destination=destination),),
            ),
        ),
    )


def selected(count: int) -> Manifests:
    """Hosts that each select a workload of their own, are defined twice and leave their rules to a delegate."""
    plain = manifests(count)
    entries, services, workloads = [], [], []
    for entry, service in zip(plain.service_entries, plain.virtual_services[1:], strict=True):
        name = entry.metadata.name
        selector = WorkloadSelector(labels={"app": name, "tier": "all"})
        first = replace(entry, resolution=Resolution.STATIC, workload_selector=selector)
        entries += [first, replace(entry, metadata=Metadata(name=f"{name}-again"))]
        part = f"part-{name}"
        services.append(replace(service, http=(HTTPRoute(delegate=Delegate(name=part)),)))
        services.append(VirtualService(metadata=Metadata(name=part), http=service.http))
        workloads.append(
            WorkloadEntryResource(
                metadata=Metadata(name=name, labels={"app": name, "tier": "all"}),
                spec=WorkloadEntry(address="192.0.2.1", locality="eu/eu-1", service_account="robot"),
            )
        )
    return replace(
        plain,
        service_entries=tuple(entries),
        virtual_services=tuple(services),
        workload_entries=tuple(workloads),
    )


def count_calls(work: Callable[[], object]) -> int:
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("make", [manifests, selected])
def test_twice_the_hosts_are_twice_the_work(make: Callable[[int], Manifests]) -> None:
    some, more = make(60), make(120)
    compile_manifests(some)
    ratio = count_calls(lambda: compile_manifests(more)) / count_calls(lambda: compile_manifests(some))
    assert 1.8 < ratio < 2.1
