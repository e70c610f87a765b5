"""`rowhouse demo`: the walkthrough."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rowhouse.cli import commands
from rowhouse.demo import DemoError, Interrupted, walk_through
from rowhouse.demo.installation import BUILT
from rowhouse.demo.sample import show
from rowhouse.domain.defaults import SERVE_BIND


@commands.command(short_help="Follow one address end to end.")
@click.option(
    "--plugin",
    type=click.Path(dir_okay=False, path_type=Path),
    default=BUILT,
    help="The executable that `make plugin` built, if it was moved.",
)
@click.option(
    "--serve",
    is_flag=True,
    help="Serve a sample cluster for the browser instead of the walkthrough, until Ctrl-C.",
)
@click.option(
    "--bind",
    metavar="HOST:PORT",
    default=SERVE_BIND,
    show_default=True,
    help="Address on which --serve listens. Port 0 picks a free port.",
)
def demo(*, plugin: Path, serve: bool, bind: str) -> None:
    """Follow one address end to end, on a temporary server and a temporary PostgreSQL.

    The demo installs nothing and leaves no process and no file behind. If it runs as root and
    finds iproute2 and the reference CNI plugins, the pods get real interfaces.
    """
    try:
        if serve:
            show(bind)
        else:
            walk_through(plugin)
    except DemoError as failure:
        raise click.ClickException(str(failure)) from failure
    except Interrupted as stop:
        click.echo(f"rowhouse demo: {stop}; everything was cleaned up", err=True)
        sys.exit(stop.exit_status)
