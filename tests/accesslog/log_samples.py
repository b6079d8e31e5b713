"""Lines of every format, made from the same fields, for tests that need many; all of it is invented."""

from __future__ import annotations

import json
from random import Random

from unstale.accesslog.catalogue import catalogue

HOSTS = ("pay.partner.example", "orders.shop.svc.cluster.local", "api.example.com:8443", "-")
RESPONSES = (
    ("200", "-", "via_upstream"),
    ("404", "NR", "route_not_found"),
    ("503", "UC", "upstream_reset_before_response_started{connection_termination}"),
    ("503", "UF,URX", "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}"),
    ("503", "URX,UF", "upstream_reset_before_response_started{connection failure}"),
    ("504", "UT", "response_timeout"),
    ("0", "UF", "-"),
    ("0", "DC", "downstream_remote_disconnect"),
    ("500", "-", "via_upstream"),
)
APPLICATION = (
    "requests.exceptions.ConnectionError: ('Connection aborted.', RemoteDisconnected('Remote end closed connection'))",
    'Post "https://pay.partner.example/v1": EOF',
    "java.net.SocketException: Connection reset",
    "Error: read ECONNRESET",
    '{"level":"error","msg":"status 503, body: upstream connect error or disconnect/reset before headers. '
    'reset reason: connection termination"}',
    "2024-09-25T09:12:01.123Z INFO order accepted id=17",
    '{"level":"info","msg":"reconciled"}',
    "",
    "[2024-09-25 09:12:01.500][18][warning][config] gRPC config stream to upstream closed",
)
PREFIXES = (
    "[pod/gateway-7d9f8b6c5-x2x4z/istio-proxy] ",
    "gateway-7d9f8b6c5-x2x4z istio-proxy ",
    "2024-09-25T09:12:01.123456789Z stdout F ",
    "envoy-1  | ",
    "433:",
)


def fields(random: Random) -> dict[str, str]:
    """The fields of one row, by Row's names, as logged."""
    status, flags, details = random.choice(RESPONSES)
    is_tcp = status == "0" and random.random() < 0.7
    host = "-" if is_tcp else random.choice(HOSTS)
    address = f"203.0.113.{random.randrange(1, 5)}:443" if random.random() < 0.9 else "-"
    return {
        "time": f"2024-09-25T09:{random.randrange(60):02d}:{random.randrange(60):02d}.{random.randrange(1000):03d}Z",
        "method": "-" if is_tcp else random.choice(("GET", "POST")),
        "path": "-" if is_tcp else random.choice(("/", "/v1/pay?id=1", "/a b")),
        "protocol": "-" if is_tcp else random.choice(("HTTP/1.1", "HTTP/2")),
        "status": status,
        "flags": flags,
        "details": details,
        "connection_termination": "-",
        "transport_failure": random.choice(("-", "TLS error: 268435581:SSL routines", "delayed_connect_error:_111")),
        "bytes_received": str(random.randrange(5000)),
        "bytes_sent": "95",
        "duration_ms": str(random.choice((0, 1, 63, 64, 65, 1000, 15_003, 2**31))),
        "upstream_service_time_ms": random.choice(("-", "12")),
        "x_forwarded_for": random.choice(("-", "192.0.2.7, 10.0.0.1")),
        "user_agent": random.choice(("-", "curl/8.5.0", "Mozilla/5.0 (X11; Linux)", "agent é 中")),
        "request_id": f"{random.getrandbits(64):016x}",
        "authority": host,
        "upstream_host": address,
        "cluster": random.choice(("outbound|443||pay.partner.example", "PassthroughCluster", "-", "inbound|80||")),
        "upstream_local_address": f"10.0.0.10:{random.randrange(40000, 40008)}" if address != "-" else "-",
        "downstream_local_address": "10.96.0.7:443",
        "downstream_remote_address": "10.0.0.10:50000",
        "requested_server_name": random.choice(("-", "pay.partner.example")),
        "route": random.choice(("default", "-")),
        "policy_status": "-",
        "grpc_status": random.choice(("-", "OK", "Unavailable", "14")),
    }


_BY_OPERATOR = {
    "START_TIME": "time",
    "REQ(:METHOD)": "method",
    "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)": "path",
    "PROTOCOL": "protocol",
    "RESPONSE_CODE": "status",
    "RESPONSE_FLAGS": "flags",
    "RESPONSE_CODE_DETAILS": "details",
    "CONNECTION_TERMINATION_DETAILS": "connection_termination",
    "UPSTREAM_TRANSPORT_FAILURE_REASON": "transport_failure",
    "BYTES_RECEIVED": "bytes_received",
    "BYTES_SENT": "bytes_sent",
    "DURATION": "duration_ms",
    "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)": "upstream_service_time_ms",
    "REQ(X-FORWARDED-FOR)": "x_forwarded_for",
    "REQ(USER-AGENT)": "user_agent",
    "REQ(X-REQUEST-ID)": "request_id",
    "REQ(:AUTHORITY)": "authority",
    "UPSTREAM_HOST": "upstream_host",
    "UPSTREAM_CLUSTER": "cluster",
    "UPSTREAM_CLUSTER_RAW": "cluster",
    "UPSTREAM_LOCAL_ADDRESS": "upstream_local_address",
    "DOWNSTREAM_LOCAL_ADDRESS": "downstream_local_address",
    "DOWNSTREAM_REMOTE_ADDRESS": "downstream_remote_address",
    "REQUESTED_SERVER_NAME": "requested_server_name",
    "ROUTE_NAME": "route",
    "DYNAMIC_METADATA(istio.mixer:status)": "policy_status",
}
_NUMBERS = ("status", "bytes_received", "bytes_sent", "duration_ms")
_JSON_KEYS = {
    "Istio JSON": {
        "time": "start_time",
        "status": "response_code",
        "flags": "response_flags",
        "details": "response_code_details",
        "connection_termination": "connection_termination_details",
        "transport_failure": "upstream_transport_failure_reason",
        "duration_ms": "duration",
        "upstream_service_time_ms": "upstream_service_time",
        "cluster": "upstream_cluster",
        "route": "route_name",
    },
    "Envoy Gateway JSON": {
        "time": "start_time",
        "path": "x-envoy-origin-path",
        "status": "response_code",
        "flags": "response_flags",
        "details": "response_code_details",
        "duration_ms": "duration",
        "user_agent": "user-agent",
        "request_id": "x-request-id",
        "authority": ":authority",
        "cluster": "upstream_cluster",
        "route": "route_name",
    },
    "JSON, camel case keys": {
        "time": "startTime",
        "status": "responseCode",
        "flags": "responseFlags",
        "details": "responseCodeDetails",
        "upstream_host": "upstreamHost",
        "cluster": "upstreamCluster",
        "upstream_local_address": "upstreamLocalAddress",
        "duration_ms": "duration",
    },
    "JSON, short keys": {"time": "ts", "status": "rc", "flags": "rf", "details": "rcd", "protocol": "proto"},
}


def text_line(template: str, values: dict[str, str]) -> str:
    """A line by an Envoy format string."""
    for operator, name in _BY_OPERATOR.items():
        template = template.replace(f"%{operator}%", values[name])
    return template


def json_line(style: str, values: dict[str, str], random: Random, *, is_typed: bool = True) -> str:
    """A line of a JSON style, typed as new Istios write it, or all strings as old ones did."""
    keys = _JSON_KEYS[style]
    pairs: list[tuple[str, object]] = []
    for name, text in values.items():
        if not is_typed:
            pairs.append((keys.get(name, name), text))
        else:
            value: object = int(text) if name in _NUMBERS else None if text == "-" and name != "flags" else text
            pairs.append((keys.get(name, name), value))
    if random.random() < 0.1:
        random.shuffle(pairs)
    separators = random.choice(((",", ":"), (", ", ": ")))
    return json.dumps(dict(pairs), separators=separators, ensure_ascii=random.random() < 0.5)


def line(random: Random) -> str:
    """One line of any kind, whole."""
    kind = random.random()
    if kind < 0.12:
        return random.choice(APPLICATION)
    values = fields(random)
    if kind < 0.35:
        text = json_line(random.choice(list(_JSON_KEYS)), values, random, is_typed=random.random() < 0.7)
    elif kind < 0.7:
        text = text_line(next(each.text for each in catalogue().text if each.name == "Istio text"), values)
    else:
        text = text_line(random.choice(catalogue().text).text, values)
    return random.choice(PREFIXES) + text if random.random() < 0.15 else text
