"""`unstale upgrade`: what these very manifests do differently under another release of Istio."""

from __future__ import annotations

import json
from typing import Any

import click

from unstale.cli.inputs import setting_of, sources_of, with_manifests, with_world


@click.command("upgrade")
@with_manifests
@with_world
@click.option("--from", "older", required=True, metavar="VERSION", help="The release in use, as 1.28.")
@click.option("--to", "newer", required=True, metavar="VERSION", help="The release to come, as 1.31.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
def upgrade(older: str, newer: str, output: str, **inputs: Any) -> int:
    """Say per host, in words and as a diff of Envoy's configuration, what an upgrade of Istio changes.

    Exit codes: 0 nothing changes, 1 something does, 2 wrong usage or manifests that both releases refuse.
    """
    from unstale.comparison.upgrade import upgrade as compare_releases
    from unstale.report.upgrade_json import upgrade_json
    from unstale.report.upgrade_text import upgrade_text

    found = compare_releases(sources_of(inputs), setting_of(inputs), older=older, newer=newer)
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    told = upgrade_json(found)
    click.echo(json.dumps(told, indent=1) if output == "json" else upgrade_text(told), nl=output == "json")
    return 0 if found.is_empty else 1


COMMAND = upgrade
