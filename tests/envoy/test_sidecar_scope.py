from __future__ import annotations

import pytest
from scoped import compiled, hosts, names, value, warnings

from unstale.envoy.compile import Compiled
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Kind

BOTH = "[80, 81]"


def entry(host: str, *, namespace: str = "default", ports: str = "[80]", more: str = "", protocol: str = "HTTP") -> str:
    listed = ", ".join(
        f"{{number: {port}, name: p{port}, protocol: {protocol}}}" for port in ports.strip("[]").split(", ")
    )
    name = host.replace("*", "any")
    return f"""
kind: ServiceEntry
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  hosts: ["{host}"]
  ports: [{listed}]
  resolution: NONE
  {more}
"""


def sidecar(*egress: str, name: str = "s", namespace: str = "default", spec: str = "", created: int = 0) -> str:
    dated = f', creationTimestamp: "20{created}-01-01T00:00:00Z"' if created else ""
    listeners = "".join(f"\n  - {one}" for one in egress)
    return f"""
kind: Sidecar
metadata: {{name: {name}, namespace: {namespace}{dated}}}
spec:
  {spec}
  egress:{listeners}
"""


def imports(*lines: str) -> str:
    quoted = ", ".join(f'"{line}"' for line in lines)
    return f"{{hosts: [{quoted}]}}"


def clusters(result: Compiled) -> list[str]:
    found = [name.removeprefix("outbound|") for name in names(result, Kind.CLUSTER)]
    return sorted(name for name in found if "|" in name)


MESH = (
    entry("a.example.com"),
    entry("b.example.com"),
    entry("c.ext.example.com", namespace="ext"),
    entry("*.wild.example.com", namespace="ext"),
    entry("d.other.example.com", namespace="other"),
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["*/*"], ["*.wild", "a", "b", "c.ext", "d.other"], id="SC-4-everything"),
        pytest.param(["./*"], ["a", "b"], id="SC-4-own-namespace"),
        pytest.param(["default/a.example.com"], ["a"], id="SC-4-one-host"),
        pytest.param(["./*", "ext/c.ext.example.com"], ["a", "b", "c.ext"], id="SC-4-and-one-of-another"),
        pytest.param(["*/d.other.example.com"], ["d.other"], id="SC-4-any-namespace"),
        pytest.param(["ext/*.example.com"], ["*.wild", "c.ext"], id="SC-4-wildcard-around"),
        pytest.param(["ext/x.wild.example.com"], [], id="SC-4-exact-inside-of-a-wildcard-host"),
        pytest.param(["default/d.other.example.com"], [], id="SC-4-wrong-namespace"),
        pytest.param(["*/*", "~ext/*"], ["a", "b", "d.other"], id="SC-4-namespace-excluded"),
        pytest.param(["./*", "~./b.example.com"], ["a"], id="SC-4-own-host-excluded"),
        pytest.param(["*/*", "~/*.example.com"], [], id="SC-4-all-excluded"),
        pytest.param(["~/*"], [], id="SC-4-nothing"),
    ],
)
def test_egress_hosts_choose_what_is_imported(lines: list[str], expected: list[str]) -> None:
    result = compiled(*MESH, sidecar(imports(*lines)))
    assert clusters(result) == [f"80||{name}.example.com" for name in expected]
    found = hosts(result, "80") if expected else []
    assert [one for one in found if one != "allow_any"] == [f"{name}.example.com:80" for name in expected]


def test_before_1_31_nothing_is_excluded() -> None:
    objects = (*MESH, sidecar(imports("./*", "~./b.example.com")))
    assert clusters(compiled(*objects, istio="1.30")) == ["80||a.example.com", "80||b.example.com"]


def test_of_hosts_named_in_full_only_the_oldest_definition_is_found() -> None:
    older, younger = entry("a.example.com"), entry("a.example.com", ports="[81]").replace("name: a", "name: z", 1)
    both = ["80||a.example.com", "81||a.example.com"]
    assert clusters(compiled(older, younger, sidecar(imports("./a.example.com")))) == both[:1]
    assert clusters(compiled(older, younger, sidecar(imports("./a.example.com")), istio="1.30")) == both
    assert clusters(compiled(older, younger, sidecar(imports("./*")))) == both


@pytest.mark.parametrize(
    ("sidecars", "expected"),
    [
        pytest.param([sidecar(imports("./a.example.com"), namespace="other")], "ab", id="SC-4-other-namespace"),
        pytest.param([sidecar(imports("./a.example.com"), namespace="istio-system")], "a", id="SC-4-root-is-default"),
        pytest.param(
            [
                sidecar(
                    imports("./a.example.com"), namespace="istio-system", spec="workloadSelector: {labels: {app: web}}"
                ),
            ],
            "ab",
            id="SC-4-root-with-selector-is-not",
        ),
        pytest.param(
            [sidecar(imports("./a.example.com")), sidecar(imports("./b.example.com"), namespace="istio-system")],
            "a",
            id="SC-4-own-before-root",
        ),
        pytest.param(
            [
                sidecar(imports("./a.example.com"), created=20),
                sidecar(
                    imports("./b.example.com"), name="t", spec="workloadSelector: {labels: {app: web}}", created=24
                ),
            ],
            "b",
            id="SC-4-selector-before-age",
        ),
        pytest.param(
            [
                sidecar(imports("./a.example.com")),
                sidecar(imports("./b.example.com"), name="t", spec="workloadSelector: {labels: {app: db}}"),
            ],
            "a",
            id="SC-4-selector-of-another-pod",
        ),
    ],
)
def test_one_sidecar_holds_for_a_pod(sidecars: list[str], expected: str) -> None:
    result = compiled(*MESH[:2], *sidecars, proxy=Proxy(labels={"app": "web"}))
    assert clusters(result) == [f"80||{name}.example.com" for name in expected]


def test_a_sidecar_that_another_keeps_out_is_told_with_both_places() -> None:
    older, younger = sidecar(imports("./*"), created=23), sidecar(imports("./*"), name="t", created=24)
    assert warnings(compiled(younger, older)) == [
        "a.yaml:1:1: Sidecar t has no effect, s at a.yaml:9:1 is older. "
        "Istio does not merge Sidecars: keep one of them, or select other pods."
    ]


def test_a_destination_is_imported_as_a_cluster_with_the_ports_that_are_named() -> None:
    route = """
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [a.example.com]
  http:
  - match: [{uri: {prefix: /x}, sourceNamespace: elsewhere}]
    route: [{destination: {host: b.example.com}}]
  - route: [{destination: {host: c.ext.example.com, port: {number: 81}}}]
"""
    target = entry("c.ext.example.com", namespace="ext", ports=BOTH)
    result = compiled(MESH[0], MESH[1], target, route, sidecar(imports("./a.example.com")))
    assert clusters(result) == ["80||a.example.com", "81||c.ext.example.com"]
    assert names(result, Kind.ROUTE) == ["80"]
    assert hosts(result, "80") == ["a.example.com:80", "allow_any"]


def test_a_virtual_service_of_a_namespace_that_is_not_imported_is_not_followed() -> None:
    route = """
kind: VirtualService
metadata: {name: a, namespace: ext}
spec:
  hosts: [a.example.com]
  http: [{name: theirs, route: [{destination: {host: a.example.com}}]}]
"""
    for lines, expected in ((["./*"], "default"), (["./*", "ext/*"], "theirs")):
        result = compiled(MESH[0], route, sidecar(imports(*lines)))
        first = value(result, Kind.ROUTE, "80")["virtual_hosts"][0]
        assert first["name"] == "a.example.com:80" and first["routes"][0]["name"] == expected


def test_a_listener_with_a_port_has_its_hosts_alone_and_the_rest_has_the_other_ports() -> None:
    result = compiled(
        entry("a.example.com", ports=BOTH),
        entry("b.example.com", ports=BOTH),
        sidecar('{port: {number: 80, name: x, protocol: HTTP}, hosts: ["./a.example.com"]}', imports("./*")),
    )
    assert hosts(result, "80") == ["a.example.com:80", "allow_any"]
    assert hosts(result, "81") == ["a.example.com:81", "b.example.com:81", "allow_any"]
    assert len(clusters(result)) == 4


def test_a_port_that_no_host_has_imports_nothing() -> None:
    result = compiled(MESH[0], sidecar('{port: {number: 99, name: x, protocol: HTTP}, hosts: ["./*"]}'))
    assert clusters(result) == [] and names(result, Kind.LISTENER) == ["virtualOutbound"]


@pytest.mark.parametrize(
    ("egress", "name", "is_bound"),
    [
        ('{captureMode: NONE, hosts: ["./*"]}', "127.0.0.1_80", True),
        ('{bind: 127.0.0.9, hosts: ["./*"]}', "127.0.0.9_80", False),
        ('{bind: 127.0.0.9, captureMode: NONE, hosts: ["./*"]}', "127.0.0.9_80", True),
        ('{captureMode: IPTABLES, hosts: ["./*"]}', "0.0.0.0_80", False),
    ],
)
def test_bind_and_capture_mode_say_where_a_listener_is(egress: str, name: str, is_bound: bool) -> None:
    listener = value(compiled(MESH[0], sidecar(egress)), Kind.LISTENER, name)
    assert listener.get("bind_to_port") is (None if is_bound else False)
    assert ("max_connections_to_accept_per_socket_event" in listener) is is_bound
    assert ("default_filter_chain" in listener) is (name == "0.0.0.0_80")


def test_a_socket_in_the_file_system_serves_all_ports() -> None:
    result = compiled(
        entry("a.example.com", ports=BOTH),
        sidecar('{port: {number: 0, name: x, protocol: HTTP}, bind: "unix:///run/x.sock", hosts: ["./*"]}'),
    )
    listener = value(result, Kind.LISTENER, "unix:///run/x.sock_0")
    assert listener["address"] == {"pipe": {"path": "/run/x.sock"}} and "bind_to_port" not in listener
    assert hosts(result, "unix:///run/x.sock") == ["a.example.com:80", "a.example.com:81", "allow_any"]


def test_an_http_proxy_port_serves_all_ports_and_takes_the_only_port_of_a_destination() -> None:
    route = """
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [a.example.com]
  http: [{route: [{destination: {host: b.example.com}}]}]
"""
    result = compiled(
        entry("a.example.com", ports=BOTH),
        entry("b.example.com", ports="[82]"),
        route,
        sidecar(
            '{port: {number: 3128, name: x, protocol: HTTP_PROXY}, bind: 127.0.0.1, captureMode: NONE, hosts: ["./*"]}'
        ),
    )
    found = {one["name"]: one for one in value(result, Kind.ROUTE, "3128")["virtual_hosts"]}
    assert found.keys() == {"a.example.com:80", "a.example.com:81", "b.example.com:82", "allow_any"}
    assert found["a.example.com:81"]["routes"][0]["route"]["cluster"] == "outbound|82||b.example.com"
    assert "a.example.com:81" in found["a.example.com:81"]["domains"]
    assert "a.example.com" in found["a.example.com:80"]["domains"]
    assert "a.example.com" not in found["a.example.com:81"]["domains"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("outboundTrafficPolicy: {}", None),
        ("outboundTrafficPolicy: {mode: REGISTRY_ONLY}", None),
        ("outboundTrafficPolicy: {mode: ALLOW_ANY}", "PassthroughCluster"),
        ("", "PassthroughCluster"),
        (
            "outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: p.test.com, subset: x, port: {number: 3}}}",
            "outbound|3|x|p.test.com",
        ),
    ],
)
def test_unknown_hosts_go_where_the_sidecar_says(policy: str, expected: str | None) -> None:
    result = compiled(MESH[0], sidecar(imports("./*"), spec=policy))
    last = value(result, Kind.ROUTE, "80")["virtual_hosts"][-1]
    assert last["routes"][0].get("route", {}).get("cluster") == expected
    chain = value(result, Kind.LISTENER, "virtualOutbound")["filter_chains"][-1]
    assert chain["filters"][0]["typed_config"]["cluster"] == (expected or "BlackHoleCluster")
