"""Large access logs whose content is known exactly, for `bench_logs.py`: text, JSON and text in bad company.

A part of some tens of MB is made once from a fixed seed and written several times, with the hour changed, so a GB takes
seconds and the counts are known by multiplication. The truth is counted from the fields, not from the lines.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

HOURS = 4
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_FAILURES = (
    (503, "UC", "upstream_reset_before_response_started{connection_termination}", "-"),
    (503, "UF", "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}", "-"),
    (503, "UF,URX", "upstream_reset_before_response_started{connection_timeout}", "-"),
    (503, "UH", "no_healthy_upstream", "-"),
    (504, "UT", "response_timeout", "-"),
    (500, "-", "via_upstream", "-"),
    (503, "-", "via_upstream", "-"),
    (502, "UPE", "upstream_reset_before_response_started{protocol_error}", "-"),
)
_AGENTS = (
    "okhttp/4.12.0",
    "Go-http-client/1.1",
    "python-requests/2.31.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
)
_COMPANY = (
    "2024-09-25T09:12:01.123Z INFO [http-8080-exec-4] order accepted id=%d",
    '{"level":"info","msg":"reconciled","n":%d}',
    'File "/app/main.py", line %d, in handler',
    "[GC pause (young) %d ms]",
    "",
)
Key = tuple[str, str, str, str, int, str]


@dataclass(slots=True)
class Truth:
    """What a file holds: rows by group with the hour left open, other lines, and bytes, of one part."""

    groups: Counter[Key] = field(default_factory=Counter)
    bad: int = 0
    times: int = 1

    @property
    def rows(self) -> int:
        """Rows of the whole file."""
        return sum(self.groups.values()) * self.times

    @property
    def server_errors(self) -> int:
        """Rows of 500 and above of the whole file."""
        return sum(count for key, count in self.groups.items() if key[4] >= 500) * self.times

    def digest(self) -> tuple[str, int]:
        """The digest of the whole file's groups, as Scan.digest, and how many groups there are."""
        lines = []
        for (host, cluster, flags, details, status, minute), count in self.groups.items():
            for hour in range(min(HOURS, self.times)):
                times = len(range(hour, self.times, HOURS))
                texts = (host, cluster, flags, details, str(status), minute.replace("T09:", f"T{9 + hour:02d}:"))
                lines.append("\t".join((*texts, str(count * times))))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16], len(lines)


@dataclass(frozen=True, slots=True)
class Made:
    """The three files and what they hold."""

    text: Path
    mixed: Path
    json: Path
    truth: Truth
    mixed_bad: int


def make(folder: Path, size_bytes: int, part_bytes: int = 64 << 20) -> Made:
    """Write text.log, mixed.log and text.json of about this size (the text one's) into a folder."""
    random = Random(20240925)
    times = max(1, round(size_bytes / part_bytes))
    truth = Truth(times=times)
    text, mixed, json = bytearray(), bytearray(), bytearray()
    for values, key in _rows(random, min(part_bytes, size_bytes)):
        line = _text(values)
        truth.groups[key] += 1
        text += line
        json += _json(values)
        mixed += _mixed(random, line, values, truth)
        if len(text) >= min(part_bytes, size_bytes):
            break
    paths = [folder / name for name in ("text.log", "mixed.log", "text.json")]
    for path, content in zip(paths, (text, mixed, json), strict=True):
        with path.open("wb") as stream:
            for number in range(times):
                stream.write(content.replace(b"-25T09:", b"-25T%02d:" % (9 + number % HOURS)))
    return Made(paths[0], paths[1], paths[2], truth, truth.bad * times)


def _rows(random: Random, size_bytes: int) -> Iterator[tuple[dict[str, str], Key]]:
    """Rows of an hour, in order of time, at 362 bytes each."""
    hosts = [f"{name}{number}.example.com" for number in range(40) for name in ("pay", "cart", "geo", "mail", "img")]
    weights = [1 / (at + 1) ** 0.8 for at in range(len(hosts))]
    addresses = {
        host: [f"203.0.{random.randrange(256)}.{n}:443" for n in range(random.randrange(2, 20))] for host in hosts
    }
    expected = size_bytes // 362
    chosen = random.choices(hosts, weights, k=1 << 16)
    number = 0
    while True:
        host = chosen[number & 0xFFFF]
        chance = random.random()
        status, flags, details, _ = random.choice(_FAILURES) if chance < 0.005 else (200, "-", "via_upstream", "-")
        if 0.005 <= chance < 0.02:
            status = 404
        milliseconds = min(3_599_999, number * 3_600_000 // expected)
        minute, rest = divmod(milliseconds, 60_000)
        values = {
            "time": f"2024-09-25T09:{minute:02d}:{rest // 1000:02d}.{rest % 1000:03d}Z",
            "method": "GET" if number % 5 else "POST",
            "path": f"/api/v1/items/{random.randrange(10**6)}?page={random.randrange(40)}",
            "protocol": "HTTP/1.1" if number % 3 else "HTTP/2",
            "status": str(status),
            "flags": flags,
            "details": details,
            "sent": "95" if status >= 500 else str(random.randrange(60_000)),
            "duration": str(int(random.expovariate(0.04)) + 1),
            "agent": random.choice(_AGENTS),
            "id": f"{random.getrandbits(64):016x}-{random.getrandbits(64):016x}",
            "host": host,
            "upstream": random.choice(addresses[host]),
            "local": f"10.1.2.{random.randrange(1, 250)}:{random.randrange(32768, 61000)}",
        }
        yield values, (host, f"outbound|443||{host}", flags, details, status, values["time"][:16])
        number += 1


def _text(values: dict[str, str]) -> bytes:
    return (
        (
            '[{time}] "{method} {path} {protocol}" {status} {flags} {details} - "-" 0 {sent} {duration} 7 "-" '
            '"{agent}" "{id}" "{host}" "{upstream}" outbound|443||{host} {local} 172.20.1.10:443 10.9.3.7:50112 - -\n'
        )
        .format_map(values)
        .encode()
    )


def _json(values: dict[str, str]) -> bytes:
    return (
        (
            '{{"start_time":"{time}","method":"{method}","path":"{path}","protocol":"{protocol}","response_code":{status},'
            '"response_flags":"{flags}","response_code_details":"{details}","connection_termination_details":null,'
            '"upstream_transport_failure_reason":null,"bytes_received":0,"bytes_sent":{sent},"duration":{duration},'
            '"upstream_service_time":"7","x_forwarded_for":null,"user_agent":"{agent}","request_id":"{id}",'
            '"authority":"{host}","upstream_host":"{upstream}","upstream_cluster":"outbound|443||{host}",'
            '"upstream_local_address":"{local}","downstream_local_address":"172.20.1.10:443",'
            '"downstream_remote_address":"10.9.3.7:50112","requested_server_name":null,"route_name":"default"}}\n'
        )
        .format_map(values)
        .encode()
    )


def _mixed(random: Random, line: bytes, values: dict[str, str], truth: Truth) -> bytes:
    """The line, one time in six with a prefix or with quotes in it, and now and then something that is no row."""
    chance = random.random()
    before = b""
    if chance < 0.022:
        truth.bad += 1
        if chance < 0.02:
            text = random.choice(_COMPANY)
            before = (text % random.randrange(10**6) if "%d" in text else text).encode() + b"\n"
        elif chance < 0.021:
            before = line[: random.randrange(1, len(line) - 60)] + b"\n"
        elif chance < 0.0218:
            before = b'\xff\xfe\x00binary\x80 "x\n'
        else:
            before = b"x" * 70_000 + b"\n"
    chance = random.random()
    if chance < 0.005:
        agent = values["agent"].encode()
        nasty = random.choice((b'say "hi" to', b'" OR 1=1 --', b'"" ""', b'a" "b" "c'))
        return before + line.replace(b'"' + agent + b'"', b'"' + nasty + b'"', 1)
    if chance < 0.155:
        pod = "".join(random.choice(_LETTERS) for _ in range(5))
        prefix = (
            f"[pod/gateway-{pod}/istio-proxy] ",
            f"gateway-{pod} istio-proxy ",
            f"{values['time'][:-1]}456789Z stdout F ",
        )
        return before + random.choice(prefix).encode() + line
    return before + (line[:-1] + b"\r\n" if chance < 0.156 else line)
