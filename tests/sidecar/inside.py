"""What a command sees from inside `unstale sidecar`: run by `test_run_lab.py`, prints one JSON object.

python inside.py clients CA_FILE        every client that is installed, to every test server
python inside.py identity               who and where the command is
python inside.py load RATE              requests until a line comes on standard input
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

NODE = "require('http').get('http://web.test/', r => r.on('data', d => process.stdout.write(r.statusCode + ' ' + d)))"
JAVA = """
import java.net.*; import java.net.http.*;
public class Get { public static void main(String[] a) throws Exception {
  var r = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("http://web.test/")).build(),
    HttpResponse.BodyHandlers.ofString());
  System.out.print(r.statusCode() + " " + r.body()); } }
"""


def clients(authority: str) -> dict[str, str]:
    shown = ["-sS", "-m", "10", "-w", " %{http_code} %{http_version}"]
    found = {
        "curl": _output("curl", *shown, "http://web.test/"),
        "tls": _output("curl", *shown, "--http1.1", "--cacert", authority, "https://tls.test/"),
        "http2": _output("curl", *shown, "--http2", "--cacert", authority, "https://tls.test/"),
        "passed": _output("curl", *shown, f"http://127.0.0.1:{sys.argv[3]}/"),
        "no address": _output("curl", *shown, "http://db.test:3306/"),
        "python": _python(),
        "websocket": _websocket(),
    }
    if len(sys.argv) > 4:
        found["ipv6"] = _output("curl", *shown, "http://six.test/")
    if shutil.which("node"):
        found["node"] = _output("node", "-e", NODE)
    if shutil.which("java"):
        Path("Get.java").write_text(JAVA)
        found["java"] = _output("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "Get.java")
    if Path("get").exists():
        found["go"] = _output("./get")
    return found


def identity() -> dict[str, object]:
    return {
        "ids": [os.getuid(), os.geteuid(), os.getgid()],
        "folder": str(Path.cwd()),
        "own": os.environ["CALLERS_OWN"],
        "input": sys.stdin.readline().strip(),
        "parent": os.getppid(),
        "capabilities": _status("CapEff"),
        "addresses": Path("/proc/net/fib_trie").read_text().count("192.0.0.100") > 0,
    }


async def load(rate: int) -> dict[str, int]:
    from loopback import Load

    work = Load(80, rate=rate, connections=10, host="203.0.113.80")
    await work.reaches(rate // 10)
    print("loading", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while (told := await reader.readline()) and told != b"stop\n":
        await work.reaches(work.total + rate // 10)
        print("went on", flush=True)
    await work.stop()
    return dict(work.answers)


def _output(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    return (done.stdout + done.stderr).strip()


def _python() -> str:
    with urllib.request.urlopen("http://web.test/", timeout=10) as answer:
        return f"{answer.status} {answer.read().decode()}"


def _websocket() -> str:
    """The handshake, one masked frame out and the same text back."""
    key = base64.b64encode(bytes(16)).decode()
    with socket.create_connection(("ws.test", 80), timeout=10) as stream:
        stream.sendall(
            f"GET / HTTP/1.1\r\nhost: ws.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            f"sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n".encode()
        )
        with stream.makefile("rb") as lines:
            status = lines.readline().decode().strip()
            while lines.readline() != b"\r\n":
                pass
            stream.sendall(bytes((0x81, 0x80 | 4, 0, 0, 0, 0)) + b"ping")
            return f"{status} {lines.read(6)[2:].decode()}"


def _status(name: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    what = sys.argv[1]
    if what == "load":
        print(json.dumps(asyncio.run(load(int(sys.argv[2])))))
    else:
        print(json.dumps(clients(sys.argv[2]) if what == "clients" else identity()))
