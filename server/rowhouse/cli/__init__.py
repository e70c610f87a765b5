"""The `rowhouse` command. Each subcommand is a module of this package, imported on use."""

from __future__ import annotations

import importlib
import keyword
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.commands import HELP, Helpful
from rowhouse.cli.exits import INTERRUPTED, Failure, exit_code_of
from rowhouse.cli.machine_errors import named_errors
from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The module of each subcommand.
_COMMANDS: Final = {
    "pool": "pool",
    "network": "network",
    "address": "address",
    "exclusion": "exclusion",
    "gateway": "gateway",
    "quota": "quota",
    "request": "request",
    "comment": "comment",
    "view": "view",
    "node": "node",
    "event": "event",
    "search": "search",
    "who": "history",
    "pod": "history",
    "history": "history",
    "report": "report",
    "audit": "audit",
    "explain": "explain",
    "token": "token",
    "import": "importing",
    "db": "db",
    "serve": "serve",
    "controller": "controller",
    "reconcile": "controller",
    "mirror": "mirror",
    "doctor": "doctor",
    "demo": "demo",
    "completion": "completion",
}


# Names of before, which still work.
_FORMER: Final = {"reservation": "address"}


class _Commands(Helpful, click.Group):
    """The subcommands. Our own errors print a line instead of a stack trace."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        cmd_name = _FORMER.get(cmd_name, cmd_name)
        if cmd_name not in _COMMANDS:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(
            importlib.import_module(f"{__name__}.{_COMMANDS[cmd_name]}"), name
        )
        return command

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run the command line `args`, by default that of the process."""
        with named_errors(sys.argv[1:] if args is None else args):
            return super().main(args, *rest, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RowhouseError as error:
            code = exit_code_of(error.http_status, error.problem_type)
            raise Failure(str(error), hint=error.hint, exit_code=code) from error
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": HELP})
@click.version_option(package_name="rowhouse-ipam", message="rowhouse %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """IP address management for Kubernetes secondary networks, stored in PostgreSQL."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def kubectl() -> None:
    """The same as `kubectl rowhouse`."""
    main(prog_name="kubectl rowhouse")
