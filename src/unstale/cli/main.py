"""The `unstale` command: finds the commands in this folder and turns errors into one message and an exit code.

Commands are imported only when they are called, so that `--help` and completion do not load Envoy's schemas.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

import unstale
from unstale.model.errors import InputError, MachineError, ProxyError, UnstaleError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_MACHINE = 3
_NOT_COMMANDS = frozenset({"fix_facts", "inputs", "lint_dns", "lint_server", "main", "manifest_files", "prove_options"})
_LAB_MODULES = frozenset(
    {"envoy", "google", "grpc", "h11", "h2", "hyperframe", "jinja2", "markupsafe", "rich", "ruamel", "trustme"}
)
_HOW_TO_GET_LAB = "Install what this command needs with: pip install 'unstale[lab]'"


class _Folder(click.Group):
    """A group whose commands are the modules of `unstale.cli`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        package = importlib.import_module("unstale.cli")
        names = (module.name for module in pkgutil.iter_modules(package.__path__))
        return sorted(name for name in names if name not in _NOT_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"unstale.cli.{cmd_name}").COMMAND
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Folder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(unstale.__version__, prog_name="unstale")
def group() -> None:
    """Stale connections from a service mesh to external hosts: reproduce the 503, apply a fix, prove it.

    Exit codes: 0 all well, 1 a limit does not hold or something was found, 2 wrong usage or input, 3 this machine
    cannot do it.
    """


def main() -> None:
    """The entry point of the command; ends the process."""
    try:
        status = group.main(standalone_mode=False)
    except click.exceptions.Exit as leave:
        status = leave.exit_code
    except click.Abort:
        status = 130
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _LAB_MODULES:
            raise
        click.echo(_coloured(f"this machine: {error.name} is not installed. {_HOW_TO_GET_LAB}"), err=True)
        status = EXIT_MACHINE
    except UnstaleError as error:
        click.echo(_coloured(str(error)), err=True)
        status = _status(error)
    except BrokenPipeError:
        status = EXIT_FAILED
    sys.exit(status if isinstance(status, int) else 0)


def _status(error: UnstaleError) -> int:
    if isinstance(error, InputError):
        return EXIT_USAGE
    return EXIT_MACHINE if isinstance(error, MachineError | ProxyError) else EXIT_FAILED


def _coloured(message: str) -> str:
    return "\n".join(click.style("error: ", fg="red", bold=True) + line for line in message.splitlines())


if __name__ == "__main__":
    main()
