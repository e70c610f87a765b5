"""The plugin on the demo's node: installed under upstream's name, with its own settings."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rowhouse.demo.errors import DemoError

if TYPE_CHECKING:
    from rowhouse.demo.screen import Screen

BUILT: Final = Path(__file__).resolve().parents[3] / "build" / "plugin" / "rowhouse"
# The default spool. The plugin replays its DELs even if `spool` names another folder.
_KEPT_DELS: Final = Path("/var/lib/rowhouse/spool")


def install_plugin(folder: Path, screen: Screen, *, plugin: Path) -> Path:
    """Install `plugin` as `whereabouts`, the `ipam.type` of the walkthrough; return its folder.

    Args:
        folder: the demo's folder.
        screen: where to show the installation.
        plugin: the output of `make plugin`. If it is missing, the same code runs on this interpreter.

    Raises:
        DemoError: this machine is a node whose kept DELs a plugin call would deliver to the demo.
    """
    try:
        kept = sum(1 for _ in _KEPT_DELS.iterdir())
    except OSError:
        kept = 0
    if kept:
        raise DemoError(
            f"{_KEPT_DELS} contains {kept} DELs, which the demo's server would get."
            " If this machine is a node, run the demo on another one."
            f" If they are left over: rm -r {_KEPT_DELS}"
        )
    target = folder / "cni-bin"
    target.mkdir()
    installed = target / "whereabouts"
    if plugin.is_file():
        installed.symlink_to(plugin.absolute())
        screen.command(f"ln -s {shlex.quote(str(plugin))} {shlex.quote(str(installed))}")
        return target
    installed.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -m rowhouse_cni "$@"\n')
    installed.chmod(0o755)
    screen.say(
        f"{plugin} does not exist (`make plugin` builds it), so the plugin runs on {sys.executable}."
    )
    return target


def write_settings(folder: Path, *, server: str) -> Path:
    """Write the settings file of the demo's node; return its path."""
    file = folder / "rowhouse.conf"
    file.write_text(f"server = {server}\nnode = node2\nspool = {folder}/spool\n", encoding="utf-8")
    return file
