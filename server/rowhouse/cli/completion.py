"""`rowhouse completion`: shell completion."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from rowhouse.cli import commands

_SHELLS: Final = ("bash", "zsh", "fish")


@commands.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(*, shell: str) -> None:
    """Print the completion script for SHELL.

    bash: `source <(rowhouse completion bash)` in ~/.bashrc; zsh: the same in ~/.zshrc; fish:
    `rowhouse completion fish > ~/.config/fish/completions/rowhouse.fish`. Names of pools, networks, namespaces and
    nodes come from the server or the database of the environment.
    """
    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"completion for {shell} is not available here")
    click.echo(kind(root, {}, "rowhouse", "_ROWHOUSE_COMPLETE").source())
