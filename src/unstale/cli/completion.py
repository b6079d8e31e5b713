"""`unstale completion`: print the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from unstale.model.errors import InputError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(unstale completion bash)"
    """
    from unstale.cli.main import group

    found = get_completion_class(shell)
    if found is None:
        raise InputError(f"completion: unknown shell ({shell}). Allowed: bash, zsh, fish.")
    click.echo(found(group, {}, "unstale", "_UNSTALE_COMPLETE").source())


COMMAND = completion
