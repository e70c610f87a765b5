"""docs/reference/cli.md shows every command as it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rowhouse.cli import commands, main

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs/reference/cli.md"
MARK = "<!-- What follows is written by `make reference`. -->\n"
# Their help depends on who asks; docs/reference/settings.md and the README have them.
ELSEWHERE = {"serve", "demo"}
WIDTH = 96


def leaves(group: click.Group, parent: click.Context) -> Iterator[tuple[str, str]]:
    """Path and help of each command."""
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command
        if name in ELSEWHERE:
            continue
        ctx = click.Context(
            command,
            info_name=name,
            parent=parent,
            terminal_width=WIDTH,
        )
        if isinstance(command, click.Group):
            yield from leaves(command, ctx)
        else:
            yield ctx.command_path, command.get_help(ctx)


def test_the_page_shows_every_command_as_it_is() -> None:
    text = PAGE.read_text()
    by_hand = text.partition(MARK)[0]
    root = click.Context(main, info_name="rowhouse", **main.context_settings)
    shown = "\n".join(
        f"## {path}\n\n```text\n{help_text}\n```\n" for path, help_text in leaves(main, root)
    )
    written = f"{by_hand}{MARK}\n{shown}"
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(written)
    assert PAGE.read_text() == written, "run `make reference` and look at what changed"


def groups(group: click.Group, parent: click.Context) -> Iterator[str]:
    """The help of each group, at the width of a terminal."""
    yield group.get_help(parent)
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        if isinstance(command, click.Group):
            ctx = click.Context(command, info_name=name, parent=parent)
            yield from groups(command, ctx)


def test_no_line_of_a_groups_help_is_cut_on_a_terminal_of_80_columns() -> None:
    root = click.Context(main, info_name="rowhouse", terminal_width=80, max_content_width=80)
    found = list(groups(main, root))
    assert len(found) > 5
    for text in found:
        commands = text.partition("Commands:")[2]
        assert commands
        assert "..." not in commands, text


def test_help_is_the_same_whatever_context_asks_first() -> None:
    @commands.command()
    def new() -> None:
        """Do nothing."""

    assert new.get_help_option(click.Context(new)) is not None
    ctx = click.Context(main, info_name="rowhouse", **main.context_settings)
    assert "-h, --help" in new.get_help(click.Context(new, parent=ctx))
