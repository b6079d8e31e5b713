"""Random manifests that a cluster would accept, the same for the same seed.

Every kind of port, resolution, match and policy that the compiler knows comes up; what the stock Envoy is known to
refuse although Istio makes it (LOGICAL_DNS with several endpoints or none, redirect codes it lacks) is left out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-Web", "http")
_TLS = ("HTTPS", "TLS")
_RETRY_ON = (
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "refused-stream",
    "503",
    "cancelled",
)
_METHODS = ("GET", "POST", "PUT", "GET|HEAD")


def random_manifests(seed: int) -> str:
    """One set of YAML documents, JSON being YAML."""
    maker = _Maker(random.Random(seed))
    return "\n---\n".join(json.dumps(document) for document in maker.documents())


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._number = 0

    def documents(self) -> list[Json]:
        hosts = [f"h{at}.example.com" for at in range(self._chance.randint(1, 6))]
        found = []
        for host in hosts:
            entry = self._service_entry(host)
            found.append(entry)
            if self._often(0.7):
                found.append(self._virtual_service(host, hosts, entry["spec"]["ports"]))
            if self._often(0.6):
                found.append(self._destination_rule(host, entry["spec"]["ports"]))
        return found

    def _service_entry(self, host: str) -> Json:
        resolution = self._chance.choice(("DNS", "DNS", "STATIC", "NONE", "DNS_ROUND_ROBIN"))
        ports = [self._port(number) for number in self._some((80, 443, 8080, 9000, 9443), 1, 3)]
        spec: Json = {"hosts": [host], "ports": ports, "resolution": resolution, "location": "MESH_EXTERNAL"}
        octet = self._chance.randint(1, 250)
        if resolution == "STATIC":
            spec["endpoints"] = [self._endpoint(f"198.51.100.{at}", ports) for at in self._some(range(1, 250), 1, 3)]
        elif resolution == "DNS" and self._often(0.3):
            spec["endpoints"] = [self._endpoint(f"{name}.example.net", ports) for name in self._some("abcd", 1, 3)]
        if resolution in ("STATIC", "DNS") and self._often(0.3):
            spec["addresses"] = [f"203.0.113.{octet}"]
        if resolution == "NONE" and self._often(0.4):
            spec["addresses"] = [f"203.0.{octet}.0/24"]
        return self._object("ServiceEntry", spec)

    def _port(self, number: int) -> Json:
        protocols = _TLS if number in (443, 9443) else (*_HTTP, "TCP") if number == 9000 else _HTTP
        port: Json = {"number": number, "name": f"p{number}", "protocol": self._chance.choice(protocols)}
        if self._often(0.2):
            port["targetPort"] = self._chance.choice((443, 8443, 10080))
        return port

    def _endpoint(self, address: str, ports: list[Json]) -> Json:
        endpoint: Json = {"address": address, "labels": {"version": self._chance.choice(("v1", "v2"))}}
        if self._often(0.3):
            endpoint["ports"] = {ports[0]["name"]: 10081}
        if self._often(0.3):
            endpoint["weight"] = self._chance.randint(1, 9)
        if self._often(0.3):
            endpoint["locality"] = self._chance.choice(("eu/eu-1/a", "eu/eu-2", "us"))
        return endpoint

    def _virtual_service(self, host: str, hosts: list[str], ports: list[Json]) -> Json:
        spec: Json = {"hosts": [host], "http": [self._http_route(hosts) for _ in range(self._chance.randint(1, 4))]}
        if any(port["protocol"] in _TLS for port in ports) and self._often(0.4):
            route = [{"destination": {"host": host, "port": {"number": 443}}}]
            spec["tls"] = [{"match": [{"sniHosts": [host], "port": 443}], "route": route}]
        return self._object("VirtualService", spec)

    def _http_route(self, hosts: list[str]) -> Json:
        route: Json = {}
        if self._often(0.7):
            route["match"] = [self._match() for _ in range(self._chance.randint(1, 2))]
        kind = self._chance.random()
        if kind < 0.1:
            route["redirect"] = {
                "authority": "other.example.com",
                "redirectCode": self._chance.choice((301, 302, 307, 308)),
            }
        elif kind < 0.2:
            route["directResponse"] = {"status": self._chance.randint(200, 599), "body": {"string": "said"}}
        else:
            route["route"] = self._destinations(hosts)
            route.update(self._policies(hosts))
        return route

    def _destinations(self, hosts: list[str]) -> list[Json]:
        chosen = self._some(hosts, 1, 3)
        if len(chosen) == 1:
            return [{"destination": {"host": chosen[0]}}]
        weights = self._split(len(chosen))
        return [
            {"destination": {"host": host, "port": {"number": 80}}, "weight": weight}
            for host, weight in zip(chosen, weights, strict=True)
        ]

    def _policies(self, hosts: list[str]) -> Json:
        makers: dict[str, Callable[[], Any]] = {
            "timeout": lambda: self._duration(1, 60),
            "retries": self._retries,
            "rewrite": lambda: self._chance.choice(({"uri": "/new"}, {"authority": "a.example.com"})),
            "headers": lambda: {
                "request": {"set": {"x-a": "1"}, "add": {"x-b": "2"}, "remove": ["x-c"]},
                "response": {"add": {"x-d": "3"}},
            },
            "mirror": lambda: {"host": self._chance.choice(hosts)},
            "fault": lambda: {"delay": {"percentage": {"value": 0.5}, "fixedDelay": self._duration(1, 5)}},
            "corsPolicy": lambda: {"allowOrigins": [{"exact": "https://a.example.com"}], "allowMethods": ["GET"]},
        }
        return {name: make() for name, make in makers.items() if self._often(0.35)}

    def _retries(self) -> Json:
        retries: Json = {"attempts": self._chance.randint(1, 10)}
        if self._often(0.7):
            retries["retryOn"] = ",".join(self._some(_RETRY_ON, 1, 4))
        if self._often(0.5):
            retries["perTryTimeout"] = self._duration(1, 9)
        if self._often(0.5):
            retries["backoff"] = self._chance.choice(("25ms", "100ms", "1s"))
        if self._often(0.3):
            retries["retryIgnorePreviousHosts"] = self._often(0.5)
        if self._often(0.2):
            retries["retryRemoteLocalities"] = True
        return retries

    def _match(self) -> Json:
        text = {"exact": "/a/b", "prefix": "/a", "regex": "/a/[0-9]+(/.*)?"}
        kind = self._chance.choice(tuple(text))
        match: Json = {"uri": {kind: text[kind]}}
        if self._often(0.4):
            match["method"] = {"regex": self._chance.choice(_METHODS)}
        if self._often(0.3):
            match["headers"] = {"x-user": self._chance.choice(({"exact": "a"}, {"prefix": "b"}, {"regex": "c.*"}, {}))}
        if self._often(0.2):
            match["withoutHeaders"] = {"x-skip": {"exact": "yes"}}
        if self._often(0.2):
            match["queryParams"] = {"q": {"exact": "1"}}
        if self._often(0.2):
            match["ignoreUriCase"] = True
        if self._often(0.2):
            match["authority"] = {"prefix": "h"}
        return match

    def _destination_rule(self, host: str, ports: list[Json]) -> Json:
        spec: Json = {"host": host, "trafficPolicy": self._traffic_policy()}
        if self._often(0.3):
            level = {"port": {"number": ports[0]["number"]}, "connectionPool": self._connection_pool()}
            spec["trafficPolicy"]["portLevelSettings"] = [level]
        if self._often(0.3):
            spec["subsets"] = [{"name": "v1", "labels": {"version": "v1"}}, {"name": "all"}]
        return self._object("DestinationRule", spec)

    def _traffic_policy(self) -> Json:
        makers: dict[str, Callable[[], Any]] = {
            "connectionPool": self._connection_pool,
            "outlierDetection": self._outlier_detection,
            "loadBalancer": self._load_balancer,
            "retryBudget": lambda: {"percent": self._chance.randint(0, 100), "minRetryConcurrency": 3},
            "tls": self._tls,
            "proxyProtocol": lambda: {"version": self._chance.choice(("V1", "V2"))},
        }
        chosen = {name: make() for name, make in makers.items() if self._often(0.4)}
        return chosen or {"connectionPool": self._connection_pool()}

    def _tls(self) -> Json:
        tls: Json = {"mode": self._chance.choice(("SIMPLE", "SIMPLE", "DISABLE"))}
        if self._often(0.6):
            tls["sni"] = "tls.example.com"
        if self._often(0.3):
            tls["subjectAltNames"] = ["one.example.com", "two.example.com"]
        elif self._often(0.2):
            tls["insecureSkipVerify"] = True
        return tls

    def _connection_pool(self) -> Json:
        tcp: Json = {"connectTimeout": self._duration(1, 9)}
        if self._often(0.5):
            tcp["maxConnectionDuration"] = self._duration(30, 600)
        if self._often(0.4):
            tcp["tcpKeepalive"] = {"time": "30s", "interval": "10s", "probes": 3}
        if self._often(0.4):
            tcp["maxConnections"] = self._chance.randint(1, 1000)
        http: Json = {"idleTimeout": self._duration(1, 300)}
        if self._often(0.4):
            http["maxRequestsPerConnection"] = self._chance.randint(1, 100)
        if self._often(0.3):
            http["h2UpgradePolicy"] = self._chance.choice(("DEFAULT", "UPGRADE", "DO_NOT_UPGRADE"))
        if self._often(0.4):
            http["maxRetries"] = self._chance.randint(1, 100)
        return {"tcp": tcp, "http": http}

    def _outlier_detection(self) -> Json:
        detection: Json = {"interval": self._duration(1, 30), "baseEjectionTime": self._duration(1, 60)}
        if self._often(0.5):
            detection["consecutive5xxErrors"] = self._chance.randint(0, 20)
        if self._often(0.4):
            detection.update(splitExternalLocalOriginErrors=True, consecutiveLocalOriginFailures=5)
        if self._often(0.4):
            detection["maxEjectionPercent"] = self._chance.randint(0, 100)
        return detection

    def _load_balancer(self) -> Json:
        locality = {"localityLbSetting": self._locality()} if self._often(0.4) else {}
        simple = ("ROUND_ROBIN", "LEAST_REQUEST", "RANDOM")
        if self._often(0.7):
            return {"simple": self._chance.choice(simple), **locality}
        hashes: tuple[Json, ...] = (
            {"httpHeaderName": "x-user"},
            {"useSourceIp": True},
            {"httpQueryParameterName": "q"},
        )
        return {"consistentHash": self._chance.choice(hashes), **locality}

    def _locality(self) -> Json:
        settings: tuple[Json, ...] = (
            {"enabled": False},
            {"distribute": [{"from": "*", "to": {"eu/*": 60, "*": 40}}]},
            {"failover": [{"from": "eu", "to": "us"}]},
            {"failoverPriority": ["version", "topology.kubernetes.io/region"]},
        )
        return self._chance.choice(settings)

    def _object(self, kind: str, spec: Json) -> Json:
        self._number += 1
        metadata = {"name": f"o{self._number}", "namespace": self._chance.choice(("default", "default", "shop"))}
        return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}

    def _often(self, share: float) -> bool:
        return self._chance.random() < share

    def _some(self, items: Any, least: int, most: int) -> list[Any]:
        pool = list(items)
        return self._chance.sample(pool, self._chance.randint(least, min(most, len(pool))))

    def _split(self, count: int) -> list[int]:
        cuts = sorted(self._chance.sample(range(1, 100), count - 1))
        return [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]

    def _duration(self, least: int, most: int) -> str:
        return f"{self._chance.randint(least, most)}s"
