"""The options of `unstale prove`, in groups, with completion of names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _names(kind: str) -> Any:
    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        from unstale.lab import catalogue

        known = {
            "scenario": (*catalogue.scenario_names(), "all"),
            "policy": (*catalogue.policy_names(), catalogue.FILES, "all"),
            "app": catalogue.app_names(),
            "workload": catalogue.workload_names(),
        }[kind]
        return [name for name in known if name.startswith(incomplete)]

    return complete


_CHOICE = (
    click.option(
        "--scenario",
        "scenarios",
        multiple=True,
        metavar="S",
        shell_complete=_names("scenario"),
        help="A scenario, or all; may be given several times. Default: the seven that most people meet.",
    ),
    click.option(
        "--policy",
        "policies",
        multiple=True,
        metavar="P",
        shell_complete=_names("policy"),
        help="A policy, or all; may be given several times. Default: all of ours, or 'files' when FILES are given.",
    ),
    click.option(
        "--method",
        "methods",
        multiple=True,
        metavar="GET|POST",
        default=("GET", "POST"),
        show_default="both",
        help="The method of the requests.",
    ),
    click.option("--host", help="The host to call, where FILES name several."),
    click.option("--port", type=click.IntRange(1, 65535), help="The port to call, where FILES name several."),
)

_LOAD = (
    click.option(
        "--rate",
        type=click.FloatRange(1, 5000),
        default=100,
        show_default=True,
        help="Requests a second in each cell.",
    ),
    click.option(
        "--connections",
        type=click.IntRange(1, 512),
        default=8,
        show_default=True,
        help="Connections that the application keeps.",
    ),
    click.option(
        "--duration",
        type=click.FloatRange(1, 24 * 3600),
        help="Seconds of load in each cell. Default: as the scenario needs it, mostly 8.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0.1, 600),
        default=10,
        show_default=True,
        help="The application's patience for a request, seconds.",
    ),
    click.option(
        "--workload",
        metavar="W",
        shell_complete=_names("workload"),
        help="When requests are due and what they ask. Default: as the scenario needs it, mostly steady.",
    ),
    click.option(
        "--app",
        "apps",
        multiple=True,
        metavar="A",
        shell_complete=_names("app"),
        help="The application; may be given several times. Default: http-client, or h2-client for HTTP/2.",
    ),
    click.option("--tls", is_flag=True, help="The application calls https in every scenario; the sidecar passes it."),
)

_WORLD = (
    click.option(
        "--ttl",
        type=click.IntRange(0, 3600),
        default=1,
        show_default=True,
        help="Time to live of the DNS answers, seconds.",
    ),
    click.option(
        "--addresses",
        type=click.IntRange(1, 64),
        default=2,
        show_default=True,
        help="Addresses that DNS names at a time.",
    ),
    click.option(
        "--lease",
        type=click.FloatRange(0.1, 3600),
        metavar="SECONDS",
        help="How long a firewall remembers an address. Default: 2.5 times the time to live.",
    ),
    click.option(
        "--idle",
        type=click.FloatRange(0.2, 3600),
        metavar="SECONDS",
        help="Idle time-out of server or NAT, and the server's maximum age. Default: 1 s (NAT: 2 s).",
    ),
    click.option(
        "--distance",
        type=click.FloatRange(0, 2000),
        metavar="MS",
        help="Milliseconds that a packet needs each way. Default: none, or as the scenario needs it.",
    ),
)

_RUN = (
    click.option(
        "--repeat",
        type=click.IntRange(1, 100),
        default=1,
        show_default=True,
        help="Run each cell so often and report the range and the worst.",
    ),
    click.option(
        "--jobs", type=click.IntRange(1, 64), help="Cells side by side. Default: what the machine has room for."
    ),
    click.option(
        "--loopback",
        is_flag=True,
        help="Run on 127.0.0.0/8 where namespaces are forbidden; names what it leaves out.",
    ),
    click.option(
        "--recordings",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("recordings"),
        show_default=True,
        help="Where each cell keeps its logs, ledgers and events.",
    ),
)

_RESULT = (
    click.option(
        "--json",
        "json_out",
        is_flag=False,
        flag_value="-",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Write the result as JSON; without FILE to standard output.",
    ),
    click.option(
        "--html",
        "html_out",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write the report, one file that opens offline.",
    ),
    click.option(
        "--max-failed", type=click.IntRange(0), metavar="N", help="Exit 1 if a cell has more failed requests."
    ),
    click.option(
        "--max-twice",
        type=click.IntRange(0),
        metavar="N",
        help="Exit 1 if a cell has more requests executed twice.",
    ),
    click.option(
        "--as-expected",
        is_flag=True,
        help="Exit 1 if a cell does not do what its scenario expects of its policy.",
    ),
    click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="What goes to standard output.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress."),
    click.option(
        "--list",
        "listing",
        is_flag=True,
        help="Explain the scenarios, policies, applications and workloads, and run nothing.",
    ),
)


def with_options(command: Command) -> Command:
    """The command with all of them."""
    for option in reversed((*_CHOICE, *_LOAD, *_WORLD, *_RUN, *_RESULT)):
        command = option(command)
    return command
