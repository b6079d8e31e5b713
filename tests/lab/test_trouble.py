"""What the machine can do to a run: the user gets one message and the right exit code, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unstale.sidecar.binary import find_envoy
from unstale.sidecar.programs import find

pytestmark = pytest.mark.lab

CELL = ("prove", "--scenario", "calm", "--policy", "none", "--method", "GET", "--duration", "2", "-o", "json", "-q")
OWN_NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount")


def _command(*options: str) -> list[str]:
    return [sys.executable, "-m", "unstale.cli.main", *CELL, *options]


def _run(
    folder: Path, *options: str, prefix: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, *_command(*options)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _told(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def _envoy_wrapper(folder: Path, script: str) -> str:
    wrapper = folder / "envoy"
    wrapper.write_text(f"#!/bin/sh\nENVOY={find_envoy()}\nPYTHON={sys.executable}\n{script}\n")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return str(wrapper)


def test_without_nft_it_says_how_to_install_it(tmp_path: Path) -> None:
    hide = f'mount --bind /dev/null {find("nft")}; exec "$@"'
    done = _run(tmp_path, prefix=(*OWN_NAMESPACES, "sh", "-c", hide, "sh"))
    _told(done, "program not found (nft)", "sudo apt-get install nftables")


def test_with_user_namespaces_forbidden_it_names_the_setting(tmp_path: Path) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
    done = _run(tmp_path, prefix=(*OWN_NAMESPACES, "sh", "-c", forbid, "sh"))
    _told(done, "namespaces are forbidden to this user", "sudo sysctl user.max_user_namespaces")


def test_with_user_namespaces_forbidden_the_loopback_still_runs(tmp_path: Path) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
    done = _run(tmp_path, "--loopback", prefix=(*OWN_NAMESPACES, "sh", "-c", forbid, "sh"))
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert (cell["failed"], cell["disagreements"]) == (0, [])
    assert cell["conditions"] == ["on the loopback, without namespaces"]


def test_with_the_sidecars_port_in_use_it_says_which(tmp_path: Path) -> None:
    occupy = (
        '$PYTHON -c \'import socket,time; s=socket.create_server(("0.0.0.0", 15001)); print(1, flush=True);'
        ' time.sleep(60)\' | { read ready; exec "$ENVOY" "$@"; }'
    )
    wrapper = _envoy_wrapper(tmp_path, f'case "$1" in --version) exec "$ENVOY" --version;; esac\n{occupy}')
    _told(_run(tmp_path, UNSTALE_ENVOY=wrapper), "15001", "ddress already in use")


def test_with_an_envoy_that_does_not_start_it_shows_its_words(tmp_path: Path) -> None:
    fail = 'echo "cannot start today" >&2; exit 1'
    wrapper = _envoy_wrapper(tmp_path, f'case "$1" in --version) exec "$ENVOY" --version;; esac\n{fail}')
    _told(_run(tmp_path, UNSTALE_ENVOY=wrapper), "cannot start today")


def test_with_a_program_that_is_no_envoy_it_says_so(tmp_path: Path) -> None:
    _told(_run(tmp_path, UNSTALE_ENVOY="/bin/true"), "/bin/true: does not answer --version as Envoy does")


def test_with_no_envoy_at_all_it_says_how_to_get_one(tmp_path: Path) -> None:
    _told(_run(tmp_path, UNSTALE_ENVOY="/nonexistent/envoy"), "/nonexistent/envoy")


def test_with_an_envoy_that_dies_in_the_middle_it_gives_no_figures(tmp_path: Path) -> None:
    die = '(sleep 1.5; kill -KILL $$) & exec "$ENVOY" "$@"'
    wrapper = _envoy_wrapper(tmp_path, f'case "$1" in --version) exec "$ENVOY" --version;; esac\n{die}')
    done = _run(tmp_path, UNSTALE_ENVOY=wrapper)
    _told(done, "calm/none/GET", "Envoy")
    assert done.stdout == ""


def test_with_a_full_disk_it_says_which_folder_is_full(tmp_path: Path) -> None:
    full = f'mount -t tmpfs -o size=40k tmpfs {tmp_path}; cd {tmp_path}; exec "$@"'
    done = _run(tmp_path, prefix=(*OWN_NAMESPACES, "sh", "-c", full, "sh"))
    _told(done, "recordings", "--recordings DIR")


def test_killed_in_the_middle_it_leaves_nothing_behind(tmp_path: Path) -> None:
    before = _machine_state()
    running = subprocess.Popen(_command("--duration", "30", "--jobs", "2", "--method", "POST"), cwd=tmp_path)
    _until(lambda: len(_descendants(running.pid)) >= 8 and any(tmp_path.glob("recordings/*/*/access.log")))
    family = _descendants(running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    _until(lambda: not any(_is_alive(pid) for pid in family))
    assert _machine_state() == before


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell starts what runs in its background deaf to SIGINT, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupted_it_ends_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    running = subprocess.Popen(_command("--duration", "30"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    _until(lambda: len(_descendants(running.pid)) >= 5)
    family = _descendants(running.pid)
    running.send_signal(signal.SIGINT)
    _, complaint = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in complaint
    _until(lambda: not any(_is_alive(pid) for pid in family))


def _machine_state() -> tuple[str, ...]:
    mounts = Path("/proc/self/mounts").read_text()
    rules = subprocess.run([find("nft"), "list", "ruleset"], capture_output=True, text=True, check=False).stdout
    spaces = subprocess.run([find("ip"), "netns", "list"], capture_output=True, text=True, check=False).stdout
    links = subprocess.run([find("ip"), "-br", "link"], capture_output=True, text=True, check=False).stdout
    return (mounts, rules, spaces, links)


def _descendants(pid: int) -> frozenset[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found.update(children)
        waiting.extend(children)
    return frozenset(found)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _until(is_true: Callable[[], bool], limit_s: float = 30.0) -> None:
    end = time.monotonic() + limit_s
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        os.sched_yield()
