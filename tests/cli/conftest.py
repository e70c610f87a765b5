"""The `rowhouse` command in this process, over a real server or straight on a real database."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from click.testing import CliRunner

from rowhouse.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from fixtures.databases import Database

WAYS = ("server", "database")


@dataclass(frozen=True)
class Rowhouse:
    """The command with one environment."""

    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, code: int = 0, color: bool = False) -> Result:
        """Run it; it must exit with `code`."""
        names = ("SERVER", "TOKEN", "TOKEN_FILE", "CA_FILE", "DATABASE_URL")
        nothing: dict[str, str | None] = {f"ROWHOUSE_{name}": None for name in names}
        done = CliRunner().invoke(
            main, list(arguments), env=nothing | self.environment, color=color
        )
        assert done.exit_code == code, (arguments, done.output, done.exception)
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        """What it prints as JSON."""
        return json.loads(self(*arguments, "-o", "json", code=code).stdout)

    def items(self, *arguments: str) -> Any:
        """The items that it lists."""
        return self.json(*arguments)["items"]


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def rowhouse_by(way: str, database: Database, request: pytest.FixtureRequest) -> Rowhouse:
    """The command that reaches `database` this way."""
    if way == "database":
        return Rowhouse({"ROWHOUSE_DATABASE_URL": database.url})
    return Rowhouse({"ROWHOUSE_SERVER": request.getfixturevalue("server").url})


@pytest.fixture(params=WAYS)
def rowhouse(request: pytest.FixtureRequest, database: Database) -> Rowhouse:
    """The command, once over a server and once on the database."""
    return rowhouse_by(request.param, database, request)


@pytest.fixture
def direct(database: Database) -> Rowhouse:
    """The command on the database."""
    return Rowhouse({"ROWHOUSE_DATABASE_URL": database.url})
