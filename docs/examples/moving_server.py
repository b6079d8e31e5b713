"""The article's story from outside the lab: a server whose address moves in DNS, and an application that keeps calling.

    python docs/examples/moving_server.py [--story late|sudden|dns-stops] [POLICY..]

It makes a small world of its own (no root needed): a name server with a TTL of 2 s, two addresses, a server that moves
from one to the other. In it runs, once for each policy, `unstale sidecar -f MANIFESTS -- APPLICATION`. The application
looks the name up once, keeps eight connections and sends 100 requests a second. Then DNS moves, and the old address
hangs up 3 s later (late) or at that very moment (sudden); or nothing moves and the name server stops (dns-stops).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import dns.message
import dns.rdatatype
import dns.rrset

from unstale.lab.target import ARTICLE
from unstale.sidecar.programs import find

HOST = ARTICLE.host
ADDRESSES = ("203.0.113.10", "203.0.113.11")
POLICIES = ("none", "article", "recommended")
STORIES = ("late", "sudden", "dns-stops")
TTL_S = 2
LATE_S = 3.0
QUIET_S = 0.3
RATE = 100
CONNECTIONS = 8
BEFORE_S = 1.5
AFTER_S = 3.5


def main() -> int:
    """Play the story for each policy and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--story", choices=STORIES, default=STORIES[0], help="what happens")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("policies", nargs="*", metavar="POLICY", help=f"of {', '.join(POLICIES)}; all by default")
    options = parser.parse_args()
    rows = []
    for policy in options.policies or POLICIES:
        words = [find("unshare"), "--user", "--map-root-user", "--net", "--mount"]
        story = [sys.executable, __file__, "--world", policy, options.story]
        done = subprocess.run([*words, *story], stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout))
    print(json.dumps(rows) if options.json else _table(rows))
    return 0


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [f"{'policy':12}  requests  failed  executed twice  what failed"]
    for row in rows:
        said = ", ".join(f"{count}x {what}" for what, count in row["what"].items())
        lines.append(f"{row['policy']:12}  {row['requests']:8}  {row['failed']:6}  {row['twice']:14}  {said}".rstrip())
    return "\n".join(lines)


class World:
    """The name server and the two addresses of the server, each in threads of its own."""

    def __init__(self) -> None:
        self.address = ADDRESSES[0]
        self.executed: Counter[str] = Counter()
        self.asked = threading.Event()
        self._is_answering = True
        self._open: dict[str, list[socket.socket]] = {address: [] for address in ADDRESSES}
        self._listeners: dict[str, socket.socket] = {}
        for words in ("link set lo up", *(f"address add {address}/32 dev lo" for address in ADDRESSES)):
            subprocess.run([find("ip"), *words.split()], check=True)
        self._names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names.bind(("127.0.0.1", 53))
        threading.Thread(target=self._answer_names, daemon=True).start()
        for address in ADDRESSES:
            self._listeners[address] = socket.create_server((address, 80))
            threading.Thread(target=self._accept, args=(address,), daemon=True).start()

    def move(self) -> None:
        """From now on DNS says the other address; just after everybody asked, which is the worst moment."""
        self.asked.clear()
        self.asked.wait(TTL_S + 1)
        while self.asked.is_set():
            self.asked.clear()
            self.asked.wait(QUIET_S)
        self.address = ADDRESSES[1]

    def hang_up(self) -> None:
        """The old address resets every connection and takes no new one."""
        old = ADDRESSES[0]
        self._listeners[old].shutdown(socket.SHUT_RDWR)
        self._listeners[old].close()
        for stream in self._open[old]:
            stream.shutdown(socket.SHUT_RDWR)

    def stop_names(self) -> None:
        """No look-up is answered any more."""
        self._is_answering = False

    def _answer_names(self) -> None:
        while self._is_answering:
            query, client = self._names.recvfrom(4096)
            message = dns.message.from_wire(query)
            response = dns.message.make_response(message, recursion_available=True)
            question = message.question[0]
            if question.rdtype == dns.rdatatype.A:
                response.answer.append(dns.rrset.from_text(question.name, TTL_S, "IN", "A", self.address))
            self._names.sendto(response.to_wire(), client)
            if question.name.to_text(omit_final_dot=True) == HOST:
                self.asked.set()

    def _accept(self, address: str) -> None:
        while True:
            try:
                stream, _ = self._listeners[address].accept()
            except OSError:
                return
            self._open[address].append(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        try:
            with stream.makefile("rb") as lines:
                while request := lines.readline():
                    while lines.readline() not in (b"\r\n", b""):
                        pass
                    self.executed[request.split()[1].decode()] += 1
                    stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        except OSError:
            pass


def play(policy: str, story: str) -> dict[str, Any]:
    """One policy's story, inside the world."""
    manifests = import_module(f"unstale.lab.policies.{policy}").POLICY.manifests(ARTICLE)
    with tempfile.TemporaryDirectory(prefix="us-") as folder:
        resolver = Path(folder, "resolv.conf")
        resolver.write_text("nameserver 127.0.0.1\n")
        subprocess.run([find("mount"), "--bind", str(resolver), "/etc/resolv.conf"], check=True)
        world = World()
        for number, source in enumerate(manifests):
            Path(folder, f"{number}.yaml").write_text(source.text)
        files = [word for number in range(len(manifests)) for word in ("-f", f"{folder}/{number}.yaml")]
        words = [sys.executable, "-m", "unstale.cli.main", "sidecar", *files, "--"]
        application = subprocess.Popen(
            [*words, sys.executable, __file__, "--application"],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": folder},
        )
        assert application.stdout is not None
        application.stdout.readline()
        time.sleep(BEFORE_S)
        if story == "dns-stops":
            world.stop_names()
        else:
            world.move()
            time.sleep(LATE_S if story == "late" else 0)
            world.hang_up()
        time.sleep(AFTER_S)
        output, _ = application.communicate("stop\n")
    answers = json.loads(output)
    return {
        "policy": policy,
        "requests": sum(answers.values()),
        "failed": sum(count for what, count in answers.items() if what != "200"),
        "twice": sum(count > 1 for count in world.executed.values()),
        "what": {what: count for what, count in answers.items() if what != "200"},
    }


async def application() -> Counter[str]:
    """Eight kept connections, one look-up, 100 requests a second until a line is read; answers by their status."""
    answers: Counter[str] = Counter()
    address = socket.gethostbyname(HOST)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    print("ready", flush=True)

    async def one(number: int) -> None:
        due = time.monotonic() + number / RATE
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        count = 0
        while not ended.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += CONNECTIONS / RATE
            count += 1
            try:
                streams = streams or await asyncio.open_connection(address, 80)
                streams[1].write(f"GET /{number}-{count} HTTP/1.1\r\nhost: {HOST}\r\n\r\n".encode())
                head = (await streams[0].readuntil(b"\r\n\r\n")).decode().lower()
                length = next(line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length"))
                await streams[0].readexactly(int(length))
                answers[head.split()[1]] += 1
            except (OSError, EOFError) as error:
                answers[type(error).__name__] += 1
                streams = None

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
    return answers


if __name__ == "__main__":
    if sys.argv[1:2] == ["--application"]:
        print(json.dumps(asyncio.run(application())))
    elif sys.argv[1:2] == ["--world"]:
        print(json.dumps(play(sys.argv[2], sys.argv[3])))
    else:
        sys.exit(main())
