"""`rowhouse demo`: the walkthrough."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rowhouse.demo import DemoError, Interrupted, walk_through
from rowhouse.demo.installation import BUILT


@click.command()
@click.option(
    "--plugin",
    type=click.Path(dir_okay=False, path_type=Path),
    default=BUILT,
    help="The plugin that `make plugin` made, if it is elsewhere.",
)
def demo(plugin: Path) -> None:
    """Walk through one address, end to end, on a server and a PostgreSQL of their own.

    Nothing is installed, and no process and no file is left behind. Where it is run by root and
    finds iproute2 and the reference CNI plugins, the pods get real interfaces.
    """
    try:
        walk_through(plugin)
    except DemoError as failure:
        raise click.ClickException(str(failure)) from failure
    except Interrupted as stop:
        click.echo(f"rowhouse demo: {stop}; nothing is left behind", err=True)
        sys.exit(stop.exit_status)
