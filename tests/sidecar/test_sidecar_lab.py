"""A real Envoy on loopback, driven as the lab drives it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import MANIFEST, Client, Load, cluster, free_port, listener, origin, resources, route, web

from unstale.envoy.resource import Resource, Resources
from unstale.model.errors import MachineError, ProxyError
from unstale.sidecar.outcome import Applied, Outcome, Rejected, Superseded
from unstale.sidecar.sidecar import Sidecar, SidecarSettings

pytestmark = pytest.mark.lab


@pytest.fixture
def settings() -> Iterator[SidecarSettings]:
    """In a folder with a short path: pytest's own are too long for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="us-") as folder:
        yield SidecarSettings(folder=Path(folder) / "s", drain_limit_s=5.0)


@asynccontextmanager
async def running(settings: SidecarSettings, resources: Resources | None = None) -> AsyncIterator[Sidecar]:
    sidecar = Sidecar(settings)
    await sidecar.start(resources)
    try:
        yield sidecar
    finally:
        await sidecar.kill()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(limited())


def applied(outcome: Outcome) -> Applied:
    assert isinstance(outcome, Applied), outcome
    return outcome


def rejected(outcome: Outcome) -> Rejected:
    assert isinstance(outcome, Rejected), outcome
    return outcome


def has_ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_a_started_sidecar_serves_what_it_was_given(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, web(port, server.port)):
            assert await Client(port).get() == (200, b"origin")

    run(test)


def test_an_applied_change_is_served_at_once(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin(b"old") as old, origin(b"new") as new, running(settings, web(port, old.port)) as sidecar:
            changed = web(port, new.port, cluster_name="other")
            applied(await sidecar.apply(changed))
            assert await Client(port).get() == (200, b"new")
            assert sidecar.in_force == changed

    run(test)


@pytest.mark.parametrize("kind", ["cluster", "listener", "route"])
def test_a_refused_edit_fails_no_request_and_keeps_the_last_good_one(settings: SidecarSettings, kind: str) -> None:
    async def test() -> None:
        port = free_port()
        async with origin(b"good") as good, origin(b"bad") as bad, running(settings, web(port, good.port)) as sidecar:
            load = Load(port, rate=500, connections=5)
            await load.reaches(50)
            for _ in range(5):
                outcome = rejected(await sidecar.apply(_wrong(kind, port, bad.port)))
                assert outcome.noun == kind
                assert outcome.origins == (MANIFEST,)
                assert str(outcome).startswith(f"web.yaml:7:3: Envoy refuses the {kind} ")
                assert await Client(port).get() == (200, b"good")
                await load.reaches(load.total + 50)
            await load.stop()
            assert set(load.answers) <= {"200 good", "200 bad"}, load.answers
            assert sidecar.in_force == web(port, good.port)
            applied(await sidecar.apply(web(port, bad.port)))
            assert await Client(port).get() == (200, b"bad")

    run(test)


def _wrong(kind: str, port: int, origin_port: int) -> Resources:
    """Good parts that would be seen if they stayed, and one bad part of `kind`.

    Parts that Envoy accepted before it refused another are in force for some milliseconds.
    """
    clusters = [cluster("origin", origin_port, connect_timeout="3s"), cluster("second", origin_port)]
    listeners = [listener(port)]
    routes = [route("second")]
    if kind == "cluster":
        clusters.append(cluster("bad", origin_port, connect_timeout="0s"))
    elif kind == "listener":
        listeners.append({**listener(free_port()), "filter_chains": [{"filters": [{"name": "no.such.filter"}]}]})
    else:
        routes[0]["virtual_hosts"].append({"name": "bad", "domains": ["*"]})
    return resources(clusters=clusters, listeners=listeners, routes=routes)


def test_editing_under_load_fails_no_request(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, web(port, server.port)) as sidecar:
            load = Load(port, rate=1000, connections=10)
            await load.reaches(200)
            for number in range(20):
                applied(await sidecar.apply(_edit(number, port, server.port)))
                await load.reaches(load.total + 100)
            await load.stop()
            assert set(load.answers) == {"200 origin"}, load.answers
            assert load.total >= 2200

    run(test)


def _edit(number: int, port: int, origin_port: int) -> Resources:
    """Each edit renames the cluster, so one comes, the route moves and one goes; every fifth changes the listener."""
    name = f"origin-{number}"
    return resources(
        clusters=[cluster(name, origin_port), cluster("steady", origin_port, connect_timeout=f"{number + 1}s")],
        listeners=[listener(port, stat_prefix=f"web-{number // 5}")],
        routes=[route(name if number % 2 else "steady")],
    )


def test_a_request_under_way_survives_the_removal_of_its_cluster_and_listener(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, web(port, server.port)) as sidecar:
            slow = asyncio.create_task(Client(port).get("/slow"))
            await server.slow_arrived.wait()
            applied(await sidecar.apply(web(free_port(), server.port, cluster_name="other")))
            server.release.set()
            assert await slow == (200, b"origin")

    run(test)


def test_a_changed_eds_cluster_keeps_serving(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, _eds(port, server.port, "1s")) as sidecar:
            assert await Client(port).get() == (200, b"origin")
            applied(await sidecar.apply(_eds(port, server.port, "2s")))
            assert await Client(port).get() == (200, b"origin")

    run(test)


def test_moved_endpoints_of_an_eds_cluster_are_used(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with (
            origin(b"old") as old,
            origin(b"new") as new,
            running(settings, _eds(port, old.port, "1s")) as sidecar,
        ):
            applied(await sidecar.apply(_eds(port, new.port, "1s")))
            assert await Client(port).get() == (200, b"new")

    run(test)


def _eds(port: int, origin_port: int, connect_timeout: str) -> Resources:
    whole = cluster("origin", origin_port)
    one = {
        "name": "origin",
        "type": "EDS",
        "connect_timeout": connect_timeout,
        "eds_cluster_config": {
            "service_name": "origin",
            "eds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
        },
    }
    return resources(
        clusters=[one], listeners=[listener(port)], routes=[route("origin")], endpoints=(whole["load_assignment"],)
    )


def test_a_listener_may_change_its_name_and_keep_its_address(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, web(port, server.port)) as sidecar:
            renamed = {**listener(port), "name": "virtualOutbound"}
            one = resources(clusters=[cluster("origin", server.port)], listeners=[renamed], routes=[route("origin")])
            applied(await sidecar.apply(one))
            assert await Client(port).get() == (200, b"origin")

    run(test)


def test_edits_that_overtake_each_other_end_with_the_newest(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin(b"old") as old, origin(b"new") as new, running(settings, web(port, old.port)) as sidecar:
            assert sidecar.pid is not None
            os.kill(sidecar.pid, signal.SIGSTOP)
            several = [web(port, old.port, connect_timeout=f"{number}s") for number in range(2, 5)]
            edits = [asyncio.create_task(sidecar.apply(each)) for each in [*several, web(port, new.port)]]
            assert await asyncio.gather(*edits[1:3]) == [Superseded(), Superseded()]
            os.kill(sidecar.pid, signal.SIGCONT)
            applied(await edits[0])
            applied(await edits[3])
            assert await Client(port).get() == (200, b"new")
            assert sidecar.in_force == web(port, new.port)

    run(test)


def test_a_killed_envoy_is_noticed_at_once_and_left_no_zombie(settings: SidecarSettings) -> None:
    async def test() -> None:
        async with running(settings) as sidecar:
            assert sidecar.pid is not None
            os.kill(sidecar.pid, signal.SIGKILL)
            async with asyncio.timeout(1):
                error = await sidecar.died
            assert str(error).startswith("Envoy: killed by signal SIGKILL.")
            assert has_ended(sidecar.pid)
            with pytest.raises(ProxyError, match="SIGKILL"):
                await sidecar.apply(Resources())

    run(test)


def test_an_envoy_killed_in_the_middle_of_a_change_ends_the_change_with_an_error(settings: SidecarSettings) -> None:
    async def test() -> None:
        async with origin() as server, running(settings) as sidecar:
            assert sidecar.pid is not None
            os.kill(sidecar.pid, signal.SIGSTOP)
            change = asyncio.create_task(sidecar.apply(web(free_port(), server.port)))
            os.kill(sidecar.pid, signal.SIGKILL)
            with pytest.raises(ProxyError, match="SIGKILL"):
                await change

    run(test)


def test_an_envoy_that_does_not_answer_makes_a_change_end_in_time(settings: SidecarSettings) -> None:
    async def test() -> None:
        impatient = replace(settings, push_deadline_s=0.2)
        async with origin() as server, running(impatient) as sidecar:
            assert sidecar.pid is not None
            os.kill(sidecar.pid, signal.SIGSTOP)
            outcome = rejected(await sidecar.apply(web(free_port(), server.port)))
            assert outcome.reason == "not in force after 0.2 s: Envoy has not answered cluster origin"
            os.kill(sidecar.pid, signal.SIGCONT)

    run(test)


def test_a_host_whose_dns_does_not_answer_blocks_no_later_change(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        with socket.socket(type=socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            impatient = replace(settings, push_deadline_s=1.0)
            async with origin() as server, running(impatient, web(port, server.port)) as sidecar:
                good = web(port, server.port)
                lost = _unresolvable(silent.getsockname()[1])
                outcome = rejected(await sidecar.apply(replace(good, clusters=(*good.clusters, lost))))
                assert outcome.reason == "not in force after 1 s: Envoy has not answered cluster lost"
                applied(await sidecar.apply(web(port, server.port, connect_timeout="2s")))
                assert await Client(port).get() == (200, b"origin")

    run(test)


def _unresolvable(dns_port: int) -> Resource:
    address = {"socket_address": {"address": "web.example.com", "port_value": 80}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    resolver = {
        "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
        "resolvers": [{"socket_address": {"address": "127.0.0.1", "port_value": dns_port}}],
    }
    value = {
        "name": "lost",
        "type": "STRICT_DNS",
        "connect_timeout": "1s",
        "typed_dns_resolver_config": {"name": "envoy.network.dns_resolver.cares", "typed_config": resolver},
        "load_assignment": {"cluster_name": "lost", "endpoints": endpoints},
    }
    return Resource(name="lost", value=value)


def test_a_field_that_the_message_classes_do_not_know_reaches_envoy(settings: SidecarSettings) -> None:
    async def test() -> None:
        budget = {"budget_percent": {"value": 20}, "budget_interval": "10s"}
        one = cluster("origin", 80, circuit_breakers={"thresholds": [{"retry_budget": budget}]})
        async with running(settings) as sidecar:
            applied(await sidecar.apply(resources(clusters=[one], listeners=[], routes=[])))
            dump = await sidecar.admin.config_dump({"resource": "dynamic_active_clusters"})
            (active,) = dump["configs"]
            assert active["cluster"]["circuit_breakers"]["thresholds"] == [{"retry_budget": budget}]

    run(test)


def test_a_stop_ends_a_change_that_is_under_way(settings: SidecarSettings) -> None:
    async def test() -> None:
        async with running(settings) as sidecar:
            assert sidecar.pid is not None
            os.kill(sidecar.pid, signal.SIGSTOP)
            change = asyncio.create_task(sidecar.apply(web(free_port(), 1)))
            await asyncio.sleep(0)
            os.kill(sidecar.pid, signal.SIGCONT)
            stopping = asyncio.create_task(sidecar.kill())
            await asyncio.wait([change])
            assert isinstance(change.exception(), ProxyError) or isinstance(change.result(), Applied)
            await stopping
            with pytest.raises(ProxyError, match=r"^Envoy: stopped\.$"):
                await sidecar.apply(Resources())

    run(test)


def test_a_folder_that_cannot_be_written_is_told(settings: SidecarSettings) -> None:
    async def test() -> None:
        settings.folder.write_text("a file where a folder should be")
        with pytest.raises(MachineError, match="cannot be written"):
            await Sidecar(settings).start()

    run(test)


def test_a_port_in_use_is_told_with_the_port_and_nothing_is_left_running(settings: SidecarSettings) -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            sidecar = Sidecar(settings)
            port = taken.getsockname()[1]
            with pytest.raises(ProxyError, match=rf"cannot bind '127\.0\.0\.1:{port}': Address already in use"):
                await sidecar.start(web(port, 1))
            assert sidecar.pid is not None
            assert has_ended(sidecar.pid)

    run(test)


def test_a_prefix_that_cannot_be_run_is_told(settings: SidecarSettings) -> None:
    async def test() -> None:
        with pytest.raises(MachineError, match="no-such-program: cannot be run"):
            await Sidecar(replace(settings, prefix=("no-such-program",))).start()

    run(test)


def test_sockets_are_private_and_the_admin_has_no_tcp_port(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, web(port, server.port)) as sidecar:
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in settings.folder.glob("*.sock")}
            assert modes == {"admin.sock": 0o600, "xds.sock": 0o600}
            assert stat.S_IMODE(settings.folder.stat().st_mode) == 0o700
            assert sidecar.pid is not None
            assert _listening_ports(sidecar.pid) == {port}

    run(test)


def _listening_ports(pid: int) -> set[int]:
    inodes = {
        link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.readlink().name.startswith("socket:")
    }
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and f"socket:[{columns[9]}]" in inodes:
                ports.add(int(columns[1].rpartition(":")[2], 16))
    return ports


def test_a_graceful_stop_finishes_the_request_under_way_and_leaves_nothing(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, web(port, server.port)) as sidecar:
            slow = asyncio.create_task(Client(port).get("/slow"))
            await server.slow_arrived.wait()
            stopping = asyncio.create_task(sidecar.stop())
            other = Client(port)
            while (await other.get(), other.is_open)[1]:
                await asyncio.sleep(0.01)
            assert not stopping.done()
            server.release.set()
            assert await slow == (200, b"origin")
            await stopping
            assert sidecar.pid is not None
            assert has_ended(sidecar.pid)
            assert not list(settings.folder.glob("*.sock"))
            assert not sidecar.died.done()

    run(test)


def test_a_graceful_stop_does_not_wait_for_ever(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(replace(settings, drain_limit_s=0.2), web(port, server.port)) as sidecar:
            slow = asyncio.create_task(Client(port).get("/slow"))
            await server.slow_arrived.wait()
            await sidecar.stop()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await slow

    run(test)


def test_a_stop_without_anything_open_is_quick(settings: SidecarSettings) -> None:
    async def test() -> None:
        async with origin() as server, running(settings, web(free_port(), server.port)) as sidecar:
            began = asyncio.get_running_loop().time()
            await sidecar.stop()
            assert asyncio.get_running_loop().time() - began < settings.drain_limit_s / 2

    run(test)


def test_envoy_comes_back_after_the_ads_server_was_gone(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin(b"old") as old, origin(b"new") as new, running(settings, web(port, old.port)) as sidecar:
            client = Client(port)
            async with sidecar.without_control_plane():
                assert await client.get() == (200, b"old")
            applied(await sidecar.apply(web(port, new.port)))
            assert await client.get() == (200, b"new")

    run(test)


def _many(port: int, origin_port: int, *, bad: bool) -> Resources:
    """More clusters than go in one piece; of the first piece one may be refused."""
    one = web(port, origin_port)
    more = [cluster(f"c{number}", origin_port, connect_timeout="1s") for number in range(1200)]
    if bad:
        more[3]["connect_timeout"] = "-1s"
    return resources(
        clusters=[*more, *(each.value for each in one.clusters)],
        listeners=[each.value for each in one.listeners],
        routes=[each.value for each in one.routes],
    )


def test_a_start_in_pieces_is_served_when_the_last_is_there(settings: SidecarSettings) -> None:
    async def test() -> None:
        port = free_port()
        async with origin() as server, running(settings, _many(port, server.port, bad=False)) as sidecar:
            assert await Client(port).get() == (200, b"origin")
            assert len(sidecar.in_force.clusters) == 1201

    run(test)


def test_a_start_whose_first_piece_is_refused_says_so(settings: SidecarSettings) -> None:
    async def test() -> None:
        with pytest.raises(ProxyError, match=r"the cluster c0, c1, c2, c3, c4 and 495 more \(Invalid duration"):
            await Sidecar(settings).start(_many(free_port(), 1, bad=True))

    run(test)


def test_a_control_plane_that_dies_and_comes_back_under_load_fails_no_request(settings: SidecarSettings) -> None:
    async def test() -> None:
        port, rate = free_port(), 500
        async with origin(b"old") as old, origin(b"new") as new, running(settings, web(port, old.port)) as sidecar:
            load = Load(port, rate=rate, connections=10)
            for served in (new, old, new):
                async with sidecar.without_control_plane():
                    await load.reaches(load.total + rate // 2)
                applied(await sidecar.apply(web(port, served.port)))
                await load.reaches(load.total + rate // 10)
            await load.stop()
            assert load.answers.keys() == {"200 old", "200 new"}
            assert load.total > rate

    run(test)


def test_envoy_dies_with_its_parent(settings: SidecarSettings) -> None:
    script = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from unstale.sidecar.sidecar import Sidecar, SidecarSettings\n"
        "async def main():\n"
        "    sidecar = Sidecar(SidecarSettings(folder=Path(sys.argv[1])))\n"
        "    await sidecar.start()\n"
        "    print(sidecar.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )

    async def test() -> None:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(settings.folder), stdout=asyncio.subprocess.PIPE
        )
        assert parent.stdout is not None
        pid = int(await parent.stdout.readline())
        assert not has_ended(pid)
        parent.kill()
        await parent.wait()
        async with asyncio.timeout(2):
            while not has_ended(pid):
                await asyncio.sleep(0.01)

    run(test)
