"""A pod whose calls go nowhere, with a real Envoy that says which way it would have sent them.

    unshare --user --map-root-user --net --mount python observing_pod.py FOLDER

reads `[[NAME, TEXTS, [CALL, ..]], ..]` from standard input, a call as `[TEXT, [HEADER, ..], ADDRESS]` or null for
calls made from the configuration, and prints a JSON list: what was called, what was foretold, what Envoy did.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

from derived_calls import derived_calls

from unstale.comparison.config_dump import read_config_dump
from unstale.comparison.running_proxy import compare_with_proxy
from unstale.envoy.inputs import Setting, compile_sources
from unstale.envoy.resource import Json, Resource, Resources
from unstale.istio.source import Source
from unstale.model.errors import ManifestError
from unstale.report.difference_json import difference_json, difference_text
from unstale.sidecar.capture import capture, ruleset
from unstale.sidecar.local import localize
from unstale.sidecar.outcome import Applied
from unstale.sidecar.programs import find
from unstale.sidecar.sidecar import Sidecar, SidecarSettings
from unstale.simulation.call import Call, parse_call
from unstale.simulation.outcome import Answered, Closed, Outcome, Piped, Sent
from unstale.simulation.simulate import simulate

POD = "10.0.0.10"
ANYWHERE = "192.88.99.1"
LOGGED = ("HttpConnectionManager", "TcpProxy")
FORMAT = {
    "port": "%DOWNSTREAM_REMOTE_PORT%",
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "path": "%REQ(:PATH)%",
    "authority": "%REQ(:AUTHORITY)%",
    "flags": "%RESPONSE_FLAGS%",
}
CALLS_AT_ONCE = 16
PORTS = itertools.count(20000)
"""Each call's own port, by which its line is found; one that was used before would be changed on the way to Envoy."""
DERIVED_CALLS = 40


def network(folder: Path) -> None:
    """Everything has a way out of the pod, but what Envoy sends: its connections fail at once, its look-ups too."""
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    subprocess.run([find("mount"), "--bind", str(resolver), "/etc/resolv.conf"], check=True)
    for words in (
        "link set lo up",
        "link add out type veth peer name beyond",
        "link set beyond up",
        f"address add {POD}/24 dev out",
        "link set out up",
        "route add default dev out",
        "rule add fwmark 1337 unreachable",
    ):
        subprocess.run([find("ip"), *words.split()], check=True)


def logged(resources: Resources, path: Path) -> Resources:
    def with_log(value: Any) -> Any:
        if isinstance(value, list):
            return [with_log(item) for item in value]
        if not isinstance(value, dict):
            return value
        made = {key: with_log(item) for key, item in value.items()}
        if str(value.get("@type", "")).endswith(LOGGED):
            made["access_log"] = [
                {
                    "name": "envoy.access_loggers.file",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                        "path": str(path),
                        "log_format": {"json_format": FORMAT},
                    },
                }
            ]
        return made

    def every(some: tuple[Resource, ...]) -> tuple[Resource, ...]:
        return tuple(Resource(name=one.name, value=with_log(one.value)) for one in some)

    return Resources(
        listeners=every(resources.listeners),
        routes=resources.routes,
        clusters=resources.clusters,
        endpoints=resources.endpoints,
    )


async def make(call: Call) -> tuple[int, dict[str, str]]:
    """The call's own port, and status and location if there was an answer."""
    connection, port = call.connection, next(PORTS)
    destination = str(connection.address or ANYWHERE)
    reader, writer = await asyncio.open_connection(destination, connection.port, local_addr=(POD, port))
    writer.write(greeting(call) if call.request is None else request(call))
    try:
        async with asyncio.timeout(15):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return port, {}
    finally:
        writer.close()
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return port, {"status": lines[0].split(" ")[1], "location": headers.get("location", "")}


def request(call: Call) -> bytes:
    one = call.request
    assert one is not None
    headers = [("host", one.authority), *one.headers, ("connection", "close"), ("content-length", "0")]
    lines = [f"{one.method} {one.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def greeting(call: Call) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.set_alpn_protocols(list(call.connection.application_protocols))
    outgoing = ssl.MemoryBIO()
    side = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=call.connection.server_name or None)
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake needs an answer")


def foretold(outcome: Outcome) -> Json:
    match outcome.end:
        case Closed():
            return {"kind": "closed"}
        case Piped(clusters=clusters, notes=notes):
            piped = {"kind": "piped", "clusters": [share.cluster for share in clusters]}
            return piped | ({"may_find_none": True} if any("no cluster" in note for note in notes) else {})
    routed = outcome.end
    route = (routed.route or {}).get("name", "")
    match routed.result:
        case Answered(status=status, location=location):
            return {"kind": "answered", "route": route, "status": str(status), "location": location}
        case Sent() as sent:
            names = [share.cluster for share in sent.clusters]
            told: Json = {"kind": "sent", "route": route, "clusters": names, "authority": sent.authority}
            if any("there is no cluster" in note for note in sent.notes):
                told["may_find_none"] = True
            return told if any("rewritten" in note for note in sent.notes) else {**told, "path": sent.path}


def seen(expected: Json, answer: dict[str, str], line: Json | None) -> Json:
    """What happened, in the terms of what was foretold; clusters are those foretold if the one used is among them."""
    if expected["kind"] == "piped" and "may_find_none" in expected and not answer:
        return expected
    if line is None or (not answer and line["cluster"] is None):
        return {"kind": "closed"} if not answer else {"kind": "unlogged", **answer}
    cluster = line["cluster"]
    clusters = expected.get("clusters", [])
    clusters = clusters if cluster in clusters else [cluster]
    if line.get("path") is None:
        return {"kind": "piped", "clusters": clusters} if cluster else {"kind": "closed"}
    route = line["route"] or ""
    if line["flags"] == "NC" and expected.get("may_find_none"):
        return {**expected, "route": route}
    if cluster is None or line["flags"] == "NC":
        return {"kind": "answered", "route": route, **answer}
    found = {"kind": "sent", "route": route, "clusters": clusters}
    is_final = line["flags"] != "UH"
    for name in {"authority", "path"} & expected.keys():
        found[name] = line[name] if is_final else expected[name]
    return found | ({"may_find_none": True} if "may_find_none" in expected else {})


async def observe(sidecar: Sidecar, log: Path, name: str, texts: dict[str, str], given: list[Any] | None) -> list[Json]:
    sources = {kind: Source(name=f"{name}.{kind}", text=text) for kind, text in texts.items()}
    setting = Setting(mesh=sources.get("mesh"), proxy=sources.get("proxy"))
    resources = compile_sources((sources["manifests"],), setting).resources
    calls = (
        derived_calls(resources, most=DERIVED_CALLS)
        if given is None
        else [parse_call(one, headers=headers, address=address) for one, headers, address in given]
    )
    calls = [call.out_of(POD) for call in calls]
    try:
        outcome = await sidecar.apply(logged(localize(resources, access_log=None), log))
    except ManifestError as error:
        return [{"case": name, "refused": str(error)}]
    if not isinstance(outcome, Applied):
        return [{"case": name, "refused": str(outcome)}]
    await settled(sidecar)
    start = log.stat().st_size if log.exists() else 0
    limit = asyncio.Semaphore(CALLS_AT_ONCE)

    async def limited(call: Call) -> tuple[int, dict[str, str]]:
        async with limit:
            return await make(call)

    answers = await asyncio.gather(*(limited(call) for call in calls))
    lines = await lines_of(log, start, {port for port, _ in answers})
    told = [foretold(simulate(resources, call)) for call in calls]
    dump = json.dumps(await sidecar.admin.config_dump({"include_eds": "on"}))
    compared = compare_with_proxy(localize(resources, access_log=None), read_config_dump(dump, source="dump"))
    differs = difference_text(difference_json(compared)) if compared.changes else ""
    made = zip(calls, told, answers, strict=True)
    return [
        {"case": name, "dump_differs": differs},
        *(
            {"case": name, "call": str(call), "foretold": expected, "seen": seen(expected, answer, lines.get(port))}
            for call, expected, (port, answer) in made
        ),
    ]


async def settled(sidecar: Sidecar) -> None:
    """What Envoy took is not yet in force while a listener waits for its routes or a cluster for its look-up."""
    while any((await sidecar.admin.stats(r"^(listener|cluster)_manager\..*warming")).values()):
        await asyncio.sleep(0.01)


async def lines_of(log: Path, start: int, ports: set[int]) -> dict[int, Json]:
    """By port, as soon as all are there or nothing was written for a while; connections that were refused have none."""
    found: dict[int, Json] = {}
    quiet = 0
    while quiet < 50 and ports - found.keys():
        await asyncio.sleep(0.02)
        written = log.read_text()[start:].splitlines() if log.exists() else []
        before = len(found)
        found |= {int(line["port"]): line for line in map(json.loads, written) if int(line["port"]) in ports}
        quiet = 0 if len(found) > before else quiet + 1
    return found


async def main(folder: Path) -> list[Json]:
    network(folder)
    sidecar = Sidecar(SidecarSettings(folder=folder / "s", mark=1337, file_flush_interval_ms=10))
    await sidecar.start()
    await capture(ruleset())
    report: list[Json] = []
    for name, texts, calls in json.load(sys.stdin):
        report += await observe(sidecar, folder / "access.log", name, texts, calls)
    await sidecar.kill()
    return report


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
