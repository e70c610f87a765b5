"""The commands of the README and the tutorial do what the pages say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docs.commands import STOP, Command, Terminals, commands, matches
from fixtures.shared import closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/tutorial.md", "docs/README.md", "CONTRIBUTING.md")


@pytest.fixture
def clone(plugin: Path) -> Iterator[Path]:
    """What the pages take for the folder of the repository, where every user may go."""
    with tempfile.TemporaryDirectory(prefix="rowhouse-docs-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "build").mkdir()
        (folder / "build" / "plugin").symlink_to(plugin.parent)
        (folder / ".venv").symlink_to(sys.prefix)
        yield folder


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="the pages are written for bash")
@pytest.mark.parametrize("page", PAGES)
def test_commands_do_what_the_page_says(page: str, clone: Path) -> None:
    kept = ("ROWHOUSE_", "CNI_", "PG", "NODENAME")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(kept)}
    with Terminals(clone, port=closed_port(), environment=environment) as terminals:
        for command in commands((ROOT / page).read_text()):
            where = f"{page}, line {command.line}: {command.text}"
            if command.text == STOP:
                terminals.stop_server()
            elif command.text.startswith("make "):
                assert is_target(command), where
            else:
                status, printed = terminals.run(command.text)
                if command.expected is None:
                    assert status == 0, f"{where}\n{printed}"
                else:
                    assert matches(command.expected, printed), f"{where}\n{printed}"


def is_target(command: Command) -> bool:
    """Whether make knows how to; what it would do is tested elsewhere."""
    dry = ["make", "--dry-run", "--directory", str(ROOT), *command.text.split()[1:]]
    return subprocess.run(dry, capture_output=True, check=False).returncode == 0


def test_a_page_that_says_something_else_is_noticed() -> None:
    page = "```console\n$ echo one\ntwo\n$ echo 3\n```\n```text\n$ no\n```\n```sh\nx=1\n```\n"
    found = list(commands(page))
    assert [command.text for command in found] == ["echo one", "echo 3", "x=1\n"]
    assert [command.expected for command in found] == ["two", "", None]
    assert not matches("two", "one\n")
    assert matches("id …, 3 rows\n\n", "id 4f\n 5e, 3 rows \n")
    assert not matches("id …, 3 rows", "id 4f, 2 rows")
