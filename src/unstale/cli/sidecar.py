"""`unstale sidecar`: run any command behind a real Envoy with your manifests, without a cluster and without root."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstale.cli.inputs import setting_of, with_release, with_world
from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.sidecar.access_log import AccessLog
    from unstale.sidecar.handover import Address
    from unstale.sidecar.run_settings import RunSettings
    from unstale.sidecar.wiring import Network

_LOOPBACK = "127.0.0.1"
_NAME = "unstale sidecar: "


class _WithStatus(click.Command):
    """`unstale sidecar status` is a command of its own; `unstale sidecar -- status` runs one of that name."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args[:1] == ["status"]:
            return status.make_context("sidecar status", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command("sidecar", cls=_WithStatus, context_settings={"allow_interspersed_args": False})
@click.option(
    "-f",
    "--filename",
    "files",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A file or folder of manifests; may be given several times.",
)
@with_world
@with_release
@click.option("--listen", metavar="ADDR:PORT", help="Be a forward proxy there, without namespaces.")
@click.option("--exclude-cidr", "cidrs", multiple=True, metavar="CIDR", help="Do not capture connections to there.")
@click.option("--exclude-port", "ports", multiple=True, metavar="PORT", help="Do not capture connections to this port.")
@click.option(
    "--local-port", "local_ports", multiple=True, metavar="PORT", help="This port of localhost is this machine's."
)
@click.option("--dns-capture", is_flag=True, help="Answer look-ups of hosts that a ServiceEntry gives addresses.")
@click.option("--access-log", metavar="FILE", help="Where Envoy logs requests; - for standard error.")
@click.option(
    "--access-log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Istio's, both."
)
@click.option("--admin", metavar="[ADDR:]PORT", help="Open Envoy's admin interface on the loopback.")
@click.option(
    "--secrets", type=click.Path(path_type=Path), metavar="FOLDER", help="Secret manifests by credentialName."
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] [CMD [ARG]...]")
def sidecar(**options: Any) -> int:
    """Run CMD behind a real Envoy with these manifests, as in a pod: no cluster, no root.

    CMD keeps its user, folder, environment, terminal and exit code; only its network differs. What it connects to is
    captured, and what Envoy makes of it goes out by this machine's own network. Edits of the manifests are applied at
    once; a wrong one is told and changes nothing. `unstale sidecar status` in another terminal shows what is in force.

    Exit codes: that of CMD; 2 wrong usage or manifests, 3 this machine cannot do it.
    """
    import asyncio

    from unstale.sidecar.command import NotStartedError, end_as
    from unstale.sidecar.run import Run
    from unstale.sidecar.signals import Signals

    settings = _settings(options)
    signals = Signals()

    async def run() -> int:
        return await Run(settings, signals, _say).run()

    try:
        return end_as(asyncio.run(run()))
    except NotStartedError as error:
        _say(str(error))
        return error.status
    finally:
        signals.restore()


@click.command("status")
@click.option("--pid", type=int, metavar="PID", help="Which one, where several run. Default: all of this user.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each running sidecar, one a line.")
def status(pid: int | None, as_json: bool) -> int:
    """Show what the running sidecars of this user have in force.

    Exit codes: 0 shown, 1 none runs.
    """
    import asyncio

    from unstale.report.sidecar_status import as_text
    from unstale.sidecar.report_socket import ask
    from unstale.sidecar.run_folder import STATUS_SOCKET, running

    folders = [one for one in running() if pid in (None, int(one.name))]
    if not folders:
        click.echo("No sidecar runs." if pid is None else f"No sidecar with process id {pid} runs.", err=True)
        return 1
    for folder in folders:
        found = asyncio.run(ask(folder / STATUS_SOCKET))
        click.echo(json.dumps(found) if as_json else as_text(found), nl=as_json)
    return 0


def _settings(options: dict[str, Any]) -> RunSettings:
    from unstale.sidecar.run_settings import RunSettings

    if not options["files"]:
        raise InputError("-f: no manifests. Give files or folders, as in -f manifests/.")
    if not options["command"] and not options["listen"]:
        raise InputError("CMD: no command. Name one, as in -- python app.py, or use --listen ADDR:PORT.")
    _refuse_with_listen(options)
    world = setting_of(options)
    return RunSettings(
        paths=options["files"],
        command=options["command"],
        mesh=world.mesh,
        proxy=world.proxy,
        istio=world.istio,
        listen=_address("--listen", options["listen"]) if options["listen"] else None,
        admin=_admin(options["admin"]) if options["admin"] else None,
        access_log=_access_log(options),
        excluded_networks=tuple(_network(text) for text in options["cidrs"]),
        excluded_ports=_ports("--exclude-port", options["ports"]),
        local_ports=_ports("--local-port", options["local_ports"]),
        captures_dns=options["dns_capture"],
        secrets=options["secrets"],
    )


def _refuse_with_listen(options: dict[str, Any]) -> None:
    named = {"--exclude-cidr": "cidrs", "--exclude-port": "ports", "--local-port": "local_ports"}
    for option, key in (*named.items(), ("--dns-capture", "dns_capture")):
        if options["listen"] and options[key]:
            raise InputError(f"{option}: nothing is captured with --listen. Leave one of them out.")


def _access_log(options: dict[str, Any]) -> AccessLog | None:
    from unstale.sidecar.access_log import AccessLog

    where = options["access_log"]
    is_json = options["access_log_format"] == "json"
    if where is None:
        return None
    return AccessLog(path=None if where == "-" else Path(where).absolute(), is_json=is_json)


def _address(option: str, text: str) -> Address:
    from ipaddress import ip_address

    host, _, port = text.rpartition(":")
    try:
        return str(ip_address(host.strip("[]"))), _port(option, port)
    except ValueError:
        raise InputError(f"{option}: no IP address and port ({text}). Write 127.0.0.1:15080.") from None


def _admin(text: str) -> Address:
    from ipaddress import ip_address

    address = _address("--admin", text if ":" in text else f"{_LOOPBACK}:{text}")
    if not ip_address(address[0]).is_loopback:
        raise InputError(f"--admin: not on the loopback ({address[0]}). Whoever reaches it may stop Envoy.")
    return address


def _network(text: str) -> Network:
    from ipaddress import ip_network

    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise InputError(f"--exclude-cidr: no network ({text}). Write 10.0.0.0/8.") from None


def _ports(option: str, texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(_port(option, one.strip()) for text in texts for one in text.split(","))


def _port(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise InputError(f"{option}: no port ({text}). Write a number from 1 to 65535.")
    return int(text)


def _say(line: str) -> None:
    for one in line.splitlines():
        click.echo(click.style(_NAME, dim=sys.stderr.isatty()) + one, err=True)


COMMAND = sidecar
