"""`unstale envoy`: what Envoy gets for these manifests, and which line of which file made it so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstale.cli.inputs import configuration, with_inputs
from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.envoy.inputs import Configuration
    from unstale.envoy.resource import Resources

_ALL = "all"
_KINDS = ("listeners", "routes", "clusters", "endpoints", _ALL)


@click.command("envoy")
@with_inputs
@click.option(
    "--resource",
    type=click.Choice(_KINDS),
    default=_ALL,
    show_default=True,
    help="Which kind of resource.",
)
@click.option("--host", metavar="H", help="Only what concerns this host; as text, every setting of it as well.")
@click.option(
    "--diff",
    "dump",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Compare with a real proxy: istioctl proxy-config all POD -o json, or Envoy's /config_dump?include_eds.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "yaml", "json"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
def envoy(resource: str, host: str | None, dump: Path | None, output: str, **inputs: Any) -> int:
    """Print what Istio's control plane would send to a sidecar's Envoy, and why.

    Exit codes: 0 printed, or the proxy is equal; 1 the proxy differs; 2 wrong usage or manifests.
    """
    found = configuration(inputs)
    resources = found.resources
    if host is not None:
        resources = _concerning(resources, host)
    if dump is not None:
        return _compare(resources, dump, output)
    if output == "text":
        click.echo(_text(found, resources, resource, has_details=host is not None), nl=False)
    else:
        values = resources.as_json()
        _print(values if resource == _ALL else values[resource], output)
    return 0


def _concerning(resources: Resources, host: str) -> Resources:
    from unstale.explanation.concerning import concerning, hosts_of

    found = concerning(resources, host)
    if not (found.clusters or found.routes):
        known = ", ".join(sorted(hosts_of(resources))[:20]) or "none"
        raise InputError(f"--host: not in these manifests ({host}). Known: {known}.")
    return found


def _text(found: Configuration, resources: Resources, resource: str, *, has_details: bool) -> str:
    from unstale.envoy.resource import Kind
    from unstale.report.configuration_text import configuration_text, details_text

    tables = configuration_text(resources, [kind for kind in Kind if resource in (kind.value, _ALL)])
    return f"{tables}\n{details_text(resources, found.mesh)}" if has_details else tables


def _compare(resources: Resources, dump: Path, output: str) -> int:
    from unstale.comparison.config_dump import read_config_dump
    from unstale.comparison.running_proxy import compare_with_proxy
    from unstale.report.difference_json import difference_json, difference_text
    from unstale.sidecar.manifests import read_source

    running = read_config_dump(read_source(dump).text, source=str(dump))
    told = difference_json(compare_with_proxy(resources, running))
    if output == "text":
        click.echo(difference_text(told), nl=False)
    else:
        _print(told, output)
    return 1 if told["differences"] else 0


def _print(value: Any, output: str) -> None:
    text = json.dumps(value, indent=1)
    if output == "yaml":
        import yaml

        text = yaml.safe_dump(json.loads(text), sort_keys=False, width=120, allow_unicode=True).rstrip("\n")
    click.echo(text)


COMMAND = envoy
