"""Every command that changes something can be tried first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

READING: Final = {
    *("show", "list", "free", "fill", "search", "who", "pod", "history", "report", "audit"),
    *("explain", "status", "diff", "check", "sql", "doctor", "completion"),
}
"""The commands that only read, by their last word."""

WITHOUT: Final = {
    "serve": "it serves",
    "controller": "it serves",
    "demo": "its database is its own",
    "mirror resync": "`rowhouse mirror diff` shows what it would write",
    "db upgrade": "`rowhouse db sql` prints what it runs",
    "db downgrade": "a revision of its own, with no data to show",
}
"""Commands that change something without --dry-run, and why."""


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """All commands, by the words that call them."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, (*path, name))


def test_every_command_that_changes_something_has_a_dry_run() -> None:
    found = dict(commands(main))
    offering = {
        name
        for name, command in found.items()
        if any("--dry-run" in option.opts for option in command.params)
    }
    reading = {name for name in found if name.split()[-1] in READING}
    assert len(offering) > 20
    assert not offering & reading
    assert found.keys() - offering - reading == WITHOUT.keys()
