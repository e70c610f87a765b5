"""The walkthrough, from an empty machine to an empty machine."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rowhouse.demo import pods, rows
from rowhouse.demo.database import Database
from rowhouse.demo.errors import DemoError, LeftBehindError
from rowhouse.demo.installation import BUILT, install_plugin, write_settings
from rowhouse.demo.interrupts import Interrupts
from rowhouse.demo.network import Network
from rowhouse.demo.node import MASTER, node
from rowhouse.demo.runtime import Runtime
from rowhouse.demo.screen import Screen
from rowhouse.demo.server import Server

if TYPE_CHECKING:
    from rowhouse.demo.node import Node


def walk_through(plugin: Path = BUILT) -> None:
    """Show one address end to end, and leave nothing behind.

    Args:
        plugin: the executable that `make plugin` made.

    Raises:
        DemoError: a step had an unexpected result.
        Interrupted: by SIGINT, SIGTERM or SIGHUP.
    """
    began = time.monotonic()
    folder = Path(tempfile.gettempdir(), f"rowhouse-demo-{secrets.token_hex(4)}")
    with Interrupts() as interrupts:
        screen = Screen(interrupts.check)
        try:
            with node() as node2, Server(folder, enter=node2.enter) as server:
                _start(screen, server, interrupts)
                _walk(screen, node2, server, plugin)
        except LeftBehindError:
            raise
        except DemoError:
            interrupts.check()  # the signal may have stopped a program, too: not a failure of the step
            raise
        seconds = time.monotonic() - began
        screen.say("")
        screen.say(
            f"This took {seconds:.1f} s. The server and PostgreSQL have stopped, and {folder} is removed."
        )


def _start(screen: Screen, server: Server, interrupts: Interrupts) -> None:
    screen.headline("A server with its own PostgreSQL")
    screen.command(f"rowhouse {shlex.join(server.arguments)}")
    server.wait_until_ready(interrupts.check)
    screen.output(server.printed)


def _walk(screen: Screen, node2: Node, server: Server, plugin: Path) -> None:
    screen.headline("A node: the plugin under upstream's name, and its settings")
    _introduce(screen, node2)
    installed = install_plugin(server.folder, screen, plugin=plugin)
    settings = write_settings(server.folder, server=server.url)
    screen.command(f"cat {settings}")
    screen.output(settings.read_text(encoding="utf-8"))

    main = node2.main_plugin
    kind = main.kind if main else "ipvlan"
    network = Network(server.folder, kind=kind)
    screen.headline("The network ipvlan1720: the configuration in its NetworkAttachmentDefinition")
    screen.say(
        "This is the configuration of the whereabouts walkthrough, except that its log_file is in"
        " the demo's own folder."
        + (f" ipvlan is not available here, so its type is {kind}." if kind != "ipvlan" else "")
    )
    screen.command(f"cat {network.file}")
    screen.output(network.text)

    runtime = Runtime(
        main.folder / main.kind if main else installed / "whereabouts",
        path=[installed, main.folder] if main else [installed],
        settings=settings,
        enter=node2.enter,
    )
    stage = pods.Stage(screen=screen, runtime=runtime, network=network)
    database = Database(server.conninfo, screen)
    with contextlib.ExitStack() as namespaces:
        ipvl, ipvl2 = (
            pods.make_pod(name, namespaces=namespaces if main else None)
            for name in ("ipvl", "ipvl2")
        )
        pods.starts(stage, ipvl)
        pods.is_refused(stage, ipvl2)
        pods.starts_in_widened_range(stage, ipvl2)
        moment = rows.in_use(screen, database)
        pods.are_deleted(stage, ipvl, ipvl2)
    rows.released(screen, database)
    rows.history(screen, database, moment)
    pods.left_a_log(stage)


def _introduce(screen: Screen, node2: Node) -> None:
    if node2.main_plugin is None:
        screen.say(
            "The demo calls the IPAM plugin directly, as a main plugin would. For real interfaces in"
            f" real network namespaces, it would need: {node2.lacking}."
        )
        return
    screen.say(
        f"node2 is a separate network namespace with {MASTER} in it. Commands after `node2$` run"
        f" there, with `{shlex.join(node2.enter)}`. The main plugin is the reference plugin"
        f" {node2.main_plugin.folder / node2.main_plugin.kind}."
    )
