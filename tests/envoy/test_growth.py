"""How the work grows with the number of hosts, counted in calls: no clock, so no noise."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

from unstale.envoy.compile import compile as compile_manifests
from unstale.istio.destination_rule import ConnectionPoolSettings, DestinationRule, TCPSettings, TrafficPolicy
from unstale.istio.manifests import Manifests
from unstale.istio.metadata import Metadata
from unstale.istio.service_entry import Resolution, ServiceEntry, ServicePort
from unstale.istio.virtual_service import (
    Destination,
    HTTPRoute,
    HTTPRouteDestination,
    RouteDestination,
    TLSMatchAttributes,
    TLSRoute,
    VirtualService,
)

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


def test_twice_the_hosts_are_twice_the_work() -> None:
    some, more = manifests(60), manifests(120)
    compile_manifests(some)
    ratio = count_calls(lambda: compile_manifests(more)) / count_calls(lambda: compile_manifests(some))
    assert 1.8 < ratio < 2.1
