"""Hints name commands of the tool in hand: the command line never tells its user to send a request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import rowhouse as package
from rowhouse.cli import main
from rowhouse.cli.client.hints import COMMANDS, for_command_line

if TYPE_CHECKING:
    from cli.conftest import Rowhouse

SOURCE = Path(package.__file__).parent
HINT = re.compile(r'hint="[^"]*(GET /api/v1/\w+)')


def test_every_request_in_a_hint_has_a_command_that_exists() -> None:
    named = {
        request
        for file in SOURCE.rglob("*.py")
        for request in HINT.findall(file.read_text(encoding="utf-8"))
    }
    assert len(named) > 4
    assert named <= COMMANDS.keys()
    for command in COMMANDS.values():
        words = command.split()[1:]
        found = main.get_command(
            main.make_context("rowhouse", words, resilient_parsing=True), words[0]
        )
        assert found is not None, command


def test_a_hint_of_the_api_names_a_command(rowhouse: Rowhouse) -> None:
    missing = rowhouse("gateway", "list", "--pool", "pink", code=3).stderr
    assert missing.endswith("Hint: `rowhouse pool list` lists them.\n")
    unknown = rowhouse("exclusion", "delete", "7", "--yes", code=3).stderr
    assert unknown.endswith("Hint: `rowhouse exclusion list` lists them.\n")


def test_a_request_without_a_command_stays() -> None:
    assert for_command_line("Send GET /api/v1/other.") == "Send GET /api/v1/other."
