"""What the demo prints: headlines, commands, their output; colors on a terminal only."""

from __future__ import annotations

import io
import os
import sys
import textwrap
from typing import TYPE_CHECKING, Final

import click

from rowhouse.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDTH: Final = 96


class Screen:
    """Standard output. `between_steps` is called before each thing printed, and may raise."""

    def __init__(self, between_steps: Callable[[], None]) -> None:
        self._between_steps = between_steps
        self._steps = 0
        # click removes the colors if standard output is not a terminal.
        self._color = False if os.environ.get("NO_COLOR") else None
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # the locale may lack ✓

    def headline(self, text: str) -> None:
        """Begin a step."""
        self._steps += 1
        self._print("")
        self._print(click.style(f"{self._steps}. {text}", bold=True, fg="cyan"))

    def say(self, text: str) -> None:
        """Explain something in a paragraph."""
        self._print(textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False))

    def command(self, text: str, *, prompt: str = "$ ", continued: str = "") -> None:
        """Show a command as a user would type it; `continued` is the prompt of its further lines."""
        for number, line in enumerate(text.splitlines()):
            shown = prompt if number == 0 else continued
            self._print(click.style(shown, fg="green") + click.style(line, bold=True))

    def output(self, text: str) -> None:
        """Show a program's output unchanged."""
        if text.strip():
            self._print(text.rstrip("\n"))

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Show that `what` has the value `wanted`.

        Raises:
            DemoError: it has another value.
        """
        if found != wanted:
            raise DemoError(f"step {self._steps}: {what} should be {wanted!r} and is {found!r}")
        self._print(click.style("✓ ", fg="green") + f"{what}: {_in_words(wanted)}")

    def _print(self, text: str) -> None:
        self._between_steps()
        click.echo(text, color=self._color)


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
