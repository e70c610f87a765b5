"""The database as a DBA sees it: psql runs the statements of the folder `sql`."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from rowhouse.demo.errors import DemoError
from rowhouse.demo.programs import run
from rowhouse.embedded import binaries

if TYPE_CHECKING:
    from rowhouse.demo.screen import Screen

Row = dict[str, str]


class Database:
    """The server's database, at the libpq URI `conninfo`."""

    def __init__(self, conninfo: str, screen: Screen) -> None:
        self._conninfo = conninfo
        self._screen = screen
        self._asked: set[str] = set()

    def ask(self, name: str, **variables: str) -> list[Row]:
        """Run sql/`name`.sql in psql, show it and its output, and return the rows shown.

        The comment at the start of the file is shown the first time.

        Args:
            name: the file's name.
            variables: psql variables, used as :'name'.

        Raises:
            DemoError: psql failed.
        """
        source = files("rowhouse.demo") / "sql" / f"{name}.sql"
        text = source.read_text(encoding="utf-8")
        if name not in self._asked:
            comment = [line[3:] for line in text.splitlines() if line.startswith("-- ")]
            self._screen.say(" ".join(comment))
            self._asked.add(name)
        output = self._psql(text, variables)
        # psql echoes the statement as it was sent, with the values of the variables.
        statement, _, table = output.partition(";\n")
        self._screen.command(f"{statement};", prompt="rowhouse=# ", continued="rowhouse-# ")
        self._screen.output(table)
        return _rows(table)

    def _psql(self, text: str, variables: dict[str, str]) -> str:
        command = [str(binaries() / "psql"), "--no-psqlrc", "--echo-queries", "--file=-"]
        command += [f"--set={name}={value}" for name, value in variables.items()]
        command += ["--set=ON_ERROR_STOP=1", self._conninfo]
        done = run(command, given=text)
        if done.returncode != 0:
            raise DemoError(f"psql: {done.stderr.strip()}")
        return done.stdout


def _rows(table: str) -> list[Row]:
    """Parse psql's aligned format, so that what is shown is what is checked."""
    names, _rule, *lines = table.strip().splitlines()
    columns = _cells(names)
    return [
        dict(zip(columns, _cells(line), strict=True)) for line in lines if not line.startswith("(")
    ]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]
