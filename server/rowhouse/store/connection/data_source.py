"""Where the database is, and how to log in: a connection string, or files that may change while the server runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rowhouse.domain.errors import NotReady

if TYPE_CHECKING:
    from pathlib import Path

URL_FILE = "ROWHOUSE_DATABASE_URL_FILE"
PASSWORD_FILE = "ROWHOUSE_DATABASE_PASSWORD_FILE"  # noqa: S105 - the name of a variable

_SCHEME = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")


def conninfo_of(url: str) -> str:
    """A libpq connection string or URI. The driver in SQLAlchemy's spelling is accepted and ignored."""
    return _SCHEME.sub("postgresql://", url.strip())


def checked_url(url: str) -> str:
    """The libpq URI that a setting holds. Raises ValueError, which does not repeat it: it may hold a password."""
    if not _SCHEME.match(url.strip()):
        raise ValueError("not a postgresql:// URL")
    conninfo = conninfo_of(url)
    try:
        conninfo_to_dict(conninfo)
    except psycopg.Error:  # its text contains the URL with the password
        raise ValueError("not a URL that PostgreSQL's clients can read") from None
    return conninfo


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """A database and its login. Each connection reads the files again, so a new password needs no restart.

    `url` is used unless `url_file` names a file that holds one. `password_file` holds the password alone.
    """

    url: str = field(default="", repr=False)
    url_file: Path | None = None
    password_file: Path | None = None

    def conninfo(self) -> str:
        """Return the current connection string. Raises NotReady if a file cannot be used."""
        found = self._url()
        if self.password_file is None:
            return found
        if conninfo_to_dict(found).get("password"):
            raise NotReady(
                f"{PASSWORD_FILE}={str(self.password_file)!r}: the database URL contains a password too",
                hint="Remove one of the two passwords.",
            )
        return make_conninfo(found, password=_content(PASSWORD_FILE, self.password_file))

    def _url(self) -> str:
        if self.url_file is None:
            return conninfo_of(self.url)
        content = _content(URL_FILE, self.url_file)
        try:
            return checked_url(content)
        except ValueError as error:
            raise _unusable(URL_FILE, self.url_file, f"its content is {error}") from None


Source: TypeAlias = str | DataSource
"""A connection string, or a DataSource."""


def resolve(source: Source) -> str:
    """Return the connection string for the next connection. Raises NotReady."""
    return source.conninfo() if isinstance(source, DataSource) else conninfo_of(source)


def _content(variable: str, path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}"
        raise _unusable(variable, path, problem) from None
    except UnicodeDecodeError:
        raise _unusable(variable, path, "the file is not UTF-8 text") from None
    if not content.strip():
        raise _unusable(variable, path, "the file is empty")
    return content


def _unusable(variable: str, path: Path, problem: str) -> NotReady:
    return NotReady(
        f"{variable}={str(path)!r}: {problem}",
        hint="Correct the file, or the path in the variable.",
    )
