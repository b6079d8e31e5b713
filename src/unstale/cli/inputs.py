"""The options that say what to compile, and for what; the same for every command that compiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.envoy.inputs import Configuration, Setting
    from unstale.istio.source import Source

_Function = TypeVar("_Function", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_MANIFESTS = click.option(
    "-f",
    "--filename",
    "files",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A file or folder of manifests; may be given several times.",
)
_MORE = click.argument("more_files", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
_MESH = click.option(
    "--mesh-config", "mesh", type=_FILE, metavar="FILE", help="MeshConfig, the ConfigMap istio or an IstioOperator."
)
_PROXY = click.option(
    "--proxy", type=_FILE, metavar="FILE", help="The pod: namespace, labels, addresses, locality, metadata."
)
_ISTIO = click.option("--istio", metavar="VERSION", help="The release of Istio, 1.24 to 1.32. Default: the newest.")


def with_manifests(function: _Function) -> _Function:
    """Add `-f PATH..`, read by `sources_of`."""
    return _MANIFESTS(_MORE(function))


def with_world(function: _Function) -> _Function:
    """Add `--mesh-config` and `--proxy`, read by `setting_of`."""
    return _MESH(_PROXY(function))


def with_release(function: _Function) -> _Function:
    """Add `--istio`, read by `setting_of`."""
    return _ISTIO(function)


def with_inputs(function: _Function) -> _Function:
    """All of them, read by `configuration`."""
    return with_manifests(with_world(with_release(function)))


def sources_of(options: Mapping[str, Any]) -> tuple[Source, ...]:
    """The texts of the manifests. Raises InputError where there is none or one cannot be read."""
    from unstale.sidecar.manifests import read_sources

    files = (*options["files"], *options["more_files"])
    if not files:
        raise InputError("-f: no manifests. Give files or folders, as in -f manifests/.")
    return read_sources(files)


def setting_of(options: Mapping[str, Any]) -> Setting:
    """What to compile for. Raises InputError where a file cannot be read."""
    from unstale.envoy.inputs import Setting
    from unstale.istio.schema import NEWEST
    from unstale.sidecar.manifests import read_source

    return Setting(
        mesh=read_source(options["mesh"]) if options.get("mesh") else None,
        proxy=read_source(options["proxy"]) if options.get("proxy") else None,
        istio=options.get("istio") or NEWEST,
    )


def configuration(options: Mapping[str, Any]) -> Configuration:
    """Compile what the options name and tell the warnings. Raises InputError."""
    from unstale.envoy.inputs import compile_sources

    found = compile_sources(sources_of(options), setting_of(options))
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    for kind, count in found.manifests.skipped.items():
        click.echo(f"skipped: {count} {kind}", err=True)
    return found
