"""`rowhouse demo`: the walkthrough."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rowhouse.demo import DemoError, Interrupted, walk_through
from rowhouse.demo.installation import BUILT
from rowhouse.demo.sample import show
from rowhouse.domain.defaults import SERVE_BIND


@click.command(short_help="Walk through one address, end to end.")
@click.option(
    "--plugin",
    type=click.Path(dir_okay=False, path_type=Path),
    default=BUILT,
    help="The plugin that `make plugin` made, if it is elsewhere.",
)
@click.option(
    "--serve",
    is_flag=True,
    help="Instead of the walkthrough: a sample cluster to look at in the browser, until Ctrl-C.",
)
@click.option(
    "--bind",
    metavar="HOST:PORT",
    default=SERVE_BIND,
    show_default=True,
    help="Where --serve listens; port 0 takes a free one.",
)
def demo(*, plugin: Path, serve: bool, bind: str) -> None:
    """Walk through one address, end to end, on a server and a PostgreSQL of their own.

    Nothing is installed, and no process and no file is left behind. Where it is run by root and
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
        click.echo(f"rowhouse demo: {stop}; nothing is left behind", err=True)
        sys.exit(stop.exit_status)
