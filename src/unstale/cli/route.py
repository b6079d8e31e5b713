"""`unstale route`: which listener, route, retry policy and cluster a request meets, and why."""

from __future__ import annotations

import json
from typing import Any

import click

from unstale.cli.inputs import configuration, with_inputs


@click.command("route")
@with_inputs
@click.option("--request", required=True, metavar="'METHOD URL'", help="As in 'GET http://api.example.com/pay'.")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request.")
@click.option("--tls", is_flag=True, help="The application encrypts the connection itself, as for https.")
@click.option("--address", metavar="IP", help="The address that the host's name has. Default: one no manifest names.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
def route(request: str, headers: tuple[str, ...], tls: bool, address: str | None, output: str, **inputs: Any) -> int:
    """Say what a request of the application meets in its sidecar, by Envoy's own rules, without one.

    Exit codes: 0 told, 2 wrong usage or manifests.
    """
    from unstale.report.call_json import call_json
    from unstale.report.call_text import call_text
    from unstale.simulation.call import parse_call
    from unstale.simulation.simulate import simulate

    call = parse_call(request, headers=headers, is_tls=tls, address=address)
    found = configuration(inputs)
    call = call.out_of(found.proxy.ip_addresses[0])
    told = call_json(call, simulate(found.resources, call), found.resources, found.mesh)
    click.echo(json.dumps(told, indent=1) if output == "json" else call_text(told), nl=output == "json")
    return 0


COMMAND = route
